#!/usr/bin/env python3
"""libsbertja beside OpenVINO, f32, bf16 and int8. The peer gets ready ids; ours is charged for tokenizing.

Its model is the exported ONNX graph, with mean pooling; int8 is quantized by NNCF with statistics of the short
sentences. Tried are the hints for latency (all threads on one batch) and throughput (batches side by side), and
compiling for a fixed shape where all batches have the same.
"""
import os

import environment

environment.enter("openvino", ["openvino==2026.4.1", "nncf==3.4.0", "numpy==2.4.6", "ipadic==1.0.0"])

import numpy as np
import openvino

import compare
from sides import Side, Skip, batchings, padded_batches

CORE = openvino.Core()


def quantized(path):
    """Matrix products in int8, their inputs' ranges from 94 sentences; beside the model."""
    file = f"{path}.int8.xml"
    if not os.path.exists(file):
        import nncf
        from sbertja import Tokenizer
        from workload import SHAPES, make_works
        shape = SHAPES[os.path.basename(path)]
        short = make_works(shape, Tokenizer(path), 94)[0]
        samples = [{"input_ids": ids, "attention_mask": mask} for _, ids, mask in padded_batches(short.ids, 1)]
        model = nncf.quantize(CORE.read_model(environment.exported(path)), nncf.Dataset(samples),
                              model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples))
        openvino.save_model(model, file, compress_to_fp16=False)
    return file


class OpenVino(Side):
    def __init__(self, precision, path, threads):
        if precision == "bf16" and "BF16" not in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise Skip("OpenVINO finds no bf16 in this processor")
        self.model = CORE.read_model(quantized(path) if precision == "int8" else environment.exported(path))
        # What is not int8 in the int8 model is bf16 only where that is asked for.
        self.settings = {"INFERENCE_NUM_THREADS": threads,
                         "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32"}
        self.compiled = {hint: self.compile(self.model, hint) for hint in ("LATENCY", "THROUGHPUT")}

    def compile(self, model, hint):
        return CORE.compile_model(model, "CPU", {**self.settings, "PERFORMANCE_HINT": hint})

    def fixed(self, shape, hint):
        model = self.model.clone()
        model.reshape({"input_ids": list(shape), "attention_mask": list(shape)})
        return self.compile(model, hint)

    def ways(self, work):
        for size, batches in batchings(work):
            shape, *others = {ids.shape for _, ids, _ in batches}
            for hint, compiled in self.compiled.items():
                yield f"batches of {size}, {hint.lower()}", self.call(compiled, work, batches)
                if not others:
                    yield (f"batches of {size}, {hint.lower()}, fixed shape",
                           self.call(self.fixed(shape, hint), work, batches))

    @staticmethod
    def call(compiled, work, batches):
        vectors = np.empty((len(work.ids), compiled.output(0).partial_shape[1].get_length()), np.float32)
        queue = openvino.AsyncInferQueue(compiled)  # as many batches at once as the hint has streams

        def keep(request, rows):
            vectors[rows] = request.get_output_tensor(0).data

        def run():
            for rows, ids, mask in batches:
                queue.start_async({"input_ids": ids, "attention_mask": mask}, rows)
            queue.wait_all()
            return vectors
        queue.set_callback(keep)
        return run

    def versions(self):
        return f"OpenVINO {openvino.__version__}"


if __name__ == "__main__":
    compare.main("openvino", ["f32", "bf16", "int8"], OpenVino)
