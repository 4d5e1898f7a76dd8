"""export_onnx.py MODEL-DIRECTORY FILE: the encoder with mean pooling as ONNX, for peers that read it.

Runs where PyTorch is. The older exporter and the plain form of attention are on purpose: the graph that they give is
the one in which ONNX Runtime finds whole attentions.
"""
import sys

import torch
import transformers


class SentenceVectors(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        self.encoder = transformers.AutoModel.from_pretrained(path, add_pooling_layer=False,
                                                              attn_implementation="eager")

    def forward(self, input_ids, attention_mask):
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)


def main(path, file):
    ids, mask = torch.ones(3, 17, dtype=torch.int64), torch.ones(3, 17, dtype=torch.int64)
    mask[1, 9:] = 0  # some padding, so that the mask is not taken for a constant
    names = ["input_ids", "attention_mask"]
    torch.onnx.export(SentenceVectors(path).eval(), (ids, mask), file, dynamo=False, opset_version=17,
                      input_names=names, output_names=["vectors"],
                      dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names})


if __name__ == "__main__":
    main(*sys.argv[1:])
