#!/usr/bin/env python3
"""libsbertja beside ONNX Runtime, f32 and int8. The peer gets ready ids; ours is charged for tokenizing.

f32 is the graph with ONNX Runtime's own fusions for BERT (one node for an attention); int8 is that graph quantized
dynamically, which is what its manual advises for transformers. Mean pooling is part of the graph.
"""
import functools
import os

import environment

environment.enter("onnxruntime", ["onnxruntime==1.32.0", "onnx==1.23.2", "sympy==1.14.0", "numpy==2.4.6",
                                  "ipadic==1.0.0"])

import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model

import compare
from sides import Side, batchings, in_order
from workload import SHAPES


def fused(path):
    """The exported graph with fusions, beside the model."""
    file = f"{path}.fused.onnx"
    if not os.path.exists(file):
        shape = SHAPES[os.path.basename(path)]
        model = optimize_model(environment.exported(path), model_type="bert", num_heads=shape.heads,
                               hidden_size=shape.hidden, opt_level=0)
        if model.get_fused_operator_statistics()["Attention"] != shape.layers:
            raise RuntimeError(f"{file}: ONNX Runtime did not find the attentions, expected {shape.layers}")
        model.save_model_to_file(file)
    return file


def quantized(path):
    file = f"{path}.int8.onnx"
    if not os.path.exists(file):
        with open("/proc/cpuinfo", encoding="ascii") as flags:
            exact = "vnni" in flags.read()
        # Without VNNI, products of pairs are summed in 16 bits: 7 bits of weight keep them from overflowing.
        quantize_dynamic(fused(path), file, weight_type=QuantType.QInt8, per_channel=True, reduce_range=not exact,
                         extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})  # of what fused nodes give
    return file


class OnnxRuntime(Side):
    def __init__(self, precision, path, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        file = quantized(path) if precision == "int8" else fused(path)
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def run(self, ids, mask):
        return self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    def ways(self, work):
        for size, batches in batchings(work):
            yield f"batches of {size}", functools.partial(in_order, batches, self.run)

    def versions(self):
        return f"ONNX Runtime {onnxruntime.__version__}"


if __name__ == "__main__":
    compare.main("onnxruntime", ["f32", "int8"], OnnxRuntime)
