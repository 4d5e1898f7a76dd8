"""SentenceTransformer: a model that is loaded, asked for vectors, trained and saved."""
import json
import os
import tempfile
from contextlib import contextmanager

import numpy as np

from . import _arguments, _files, _handles, _native, errors, models, training
from ._progress import Bar, log_function
from ._settings import Guarded, Setting
from .tokenizer import Tokenizer, dictionary_options
from .util import SimilarityFunction

# Arguments of sentence-transformers that have no meaning here: the values that change nothing, and why there are no others.
_UNUSED = {
    "backend": (("torch",), "the library computes"),
    "config_kwargs": ((None, {}), "the files of the model's directory decide"),
    "model_kwargs": ((None, {}), "the files of the model's directory decide"),
    "processor_kwargs": ((None, {}), "the files of the model's directory decide"),
    "tokenizer_kwargs": ((None, {}), "the files of the model's directory decide"),
    "local_files_only": ((False, True), "nothing is downloaded"),
    "token": ((None, False), "nothing is downloaded"),
    "use_auth_token": ((None, False), "nothing is downloaded"),
    "trust_remote_code": ((False,), "no code of a model is run"),
    "model_card_data": ((None,), "no model card is written"),
}


class SentenceTransformer(Guarded):
    """A model from a directory, from a name in the Hugging Face cache, or from `modules` (see sbertja.models). With none of
    them, or by the name "default" where no directory is called so, it is the Japanese model that comes with the library.

    Own arguments: `threads` for encode (0: all processors that the process may use), `dictionary` (of MeCab: "ipadic",
    "unidic_lite", "unidic" or a folder, which overrules the model), `engine` and `instructions` (see build_info()), `seed`
    (of Dense layers without weights), `precision` of the encoder's matrices in encode ("f32", "bf16", "int8"; training has
    `use_amp`), `max_text_bytes` of a text in UTF-8, above which it is an error (0: no limit),
    `weights` ("copied" into memory; "mapped": processes share what they use of the files, which then must not be written
    to in place while the model lives, only replaced).

    These take the values that change nothing here: `backend` "torch"; `model_kwargs`, `tokenizer_kwargs`, `processor_kwargs`,
    `config_kwargs` None or {}; `trust_remote_code` False; `token` and `use_auth_token` None or False; `local_files_only`
    either; `model_card_data` None. `revision` and `cache_folder` are about names in the Hugging Face cache.
    """

    prompts = Setting(lambda place, value: _prompts(place, value))
    default_prompt_name = Setting(_arguments.optional_text)
    truncate_dim = Setting(lambda place, value: None if value is None else _arguments.integer(place, value, 1))
    threads = Setting(_arguments.integer, fixed="give threads= to the constructor")

    def __init__(self, model_name_or_path=None, modules=None, device=None, prompts=None, default_prompt_name=None,
                 similarity_fn_name=None, cache_folder=None, revision=None, *, threads=0, dictionary=None, engine=None,
                 instructions=None, seed=None, precision=None, truncate_dim=None, max_text_bytes=0, weights=None, **unused):
        unknown = set(unused) - set(_UNUSED)
        if unknown:
            raise TypeError(f"SentenceTransformer: unexpected arguments {', '.join(sorted(unknown))}")
        for name, value in unused.items():
            _arguments.unused("SentenceTransformer", _UNUSED[name][1], **{name: (value, *_UNUSED[name][0])})
        if model_name_or_path is not None and modules is not None:
            raise errors.ArgumentError("SentenceTransformer: give a model's directory or name, or modules, not both")
        self.threads = threads
        self._settings = {"device": device, "engine": engine, "instructions": instructions, "seed": seed,
                          "dictionary": dictionary, "precision": precision, "max_text_bytes": max_text_bytes,
                          "weights": weights}
        if modules is None:
            directory = _files.find_model(model_name_or_path, cache_folder, revision)
            self._load(directory)
        else:
            modules = _arguments.items("SentenceTransformer: modules",
                                       modules.values() if isinstance(modules, dict) else modules, "modules")
            if not modules or not isinstance(modules[0], models.Transformer):
                raise errors.ArgumentError("SentenceTransformer: the first module must be a models.Transformer")
            _arguments.unused("SentenceTransformer", "the modules decide", revision=(revision, None))
            directory = modules[0].require_directory()
            self._settings["dictionary"] = dictionary or modules[0].dictionary
            self._load(directory, modules[1:], modules[0]._max_seq_length)
            modules[0].belongs_to(self)
        self._take_settings(prompts, default_prompt_name, similarity_fn_name, truncate_dim)

    def _take_settings(self, prompts, default_prompt_name, similarity_fn_name, truncate_dim):
        """The caller's, laid over those of the directory, as sentence-transformers 6.2 does it. Of a model that is put
        together from modules, and of a plain BERT directory, there are none."""
        saved = self._native.describe()
        own = _prompts("SentenceTransformer: prompts", prompts)
        self.prompts = {"query": "", "document": "", **saved["prompts"], **own}
        self.default_prompt_name = saved["default_prompt_name"] if default_prompt_name is None else default_prompt_name
        if self.default_prompt_name is not None and self.default_prompt_name not in self.prompts:
            raise errors.ArgumentError(f"SentenceTransformer: default_prompt_name: {self.default_prompt_name!r}, "
                                       f"expected one of the prompts: {', '.join(self.prompts)}")
        if similarity_fn_name is None and saved["similarity_fn_name"] in SimilarityFunction.possible_values():
            similarity_fn_name = saved["similarity_fn_name"]
        self.similarity_fn_name = similarity_fn_name
        self.truncate_dim = saved["truncate_dim"] if truncate_dim is None else truncate_dim

    def _settings_json(self):
        """What a save writes into config_sentence_transformers.json."""
        return json.dumps({"prompts": self.prompts, "default_prompt_name": self.default_prompt_name,
                           "similarity_fn_name": self.similarity_fn_name,
                           "truncate_dim": self.truncate_dim}).encode("ascii")

    # ---- the native model ----

    def _load(self, directory, modules=None, max_tokens=None):
        """Loads, and remembers from where. `modules` are those after the transformer, instead of the directory's."""
        settings = self._settings
        options = _native.make(
            _native.LoadOptions, seed=settings["seed"], max_tokens=max_tokens, threads=self.threads,
            log=log_function,
            device=_native.text_or_none("cuda:0" if settings["device"] == "cuda" else settings["device"]),
            engine=_native.text_or_none(settings["engine"]),
            instructions=_native.text_or_none(settings["instructions"]),
            precision=_native.text_or_none(settings["precision"]),
            max_text_bytes=settings["max_text_bytes"],
            weights=_native.text_or_none(settings["weights"]),
            **dictionary_options(settings["dictionary"]))
        if modules is not None:
            options.modules = models.native_modules(models.Transformer(directory), modules)
            options.module_count = len(modules)
        self._native = _handles.Model.load(directory, options, self.threads)
        self._source = directory, modules, max_tokens

    def _reload(self, **changes):
        """Loads again with other settings; a model that was trained goes by way of a temporary directory."""
        max_tokens = changes.pop("max_tokens", self.max_seq_length)
        settings, self._settings = self._settings, {**self._settings, **changes}
        try:
            if self._source is not None:
                directory, modules, _ = self._source
                self._load(directory, modules, max_tokens)
                return
            with tempfile.TemporaryDirectory(prefix="sbertja-") as folder:
                directory = os.path.join(folder, "model")
                self._native.save(directory, settings=self._settings_json())
                self._load(directory, None, max_tokens)
            self._source = None  # the directory is gone, what was read from it stays
        except BaseException:
            self._settings = settings
            raise

    def _adopt(self, address):
        """Takes a trained model in place of the present one."""
        self._native = _handles.Model(address, self.threads)
        self._source = None

    @contextmanager
    def _showing(self, address):
        """During a callback of fit, `self` is the model as it then stands, which belongs to the library."""
        own = self._native
        self._native = borrowed = _handles.Model(address, self.threads, borrowed=True)
        try:
            yield
        finally:
            self._native = own
            borrowed.close()

    # ---- vectors ----

    def encode(self, sentences, prompt_name=None, prompt=None, batch_size=32, show_progress_bar=None,
               output_value="sentence_embedding", precision="float32", convert_to_numpy=True, convert_to_tensor=False,
               device=None, normalize_embeddings=False, *, pool=None, chunk_size=None, num_workers=0,
               truncate_dim=None):
        """Vectors of one sentence or of many, as float32 arrays in the order of the sentences.

        `sentences` is a str, or a list, tuple, one-dimensional array, Series or iterator of str. `output_value`
        "token_embeddings" gives each sentence's [tokens, dimension], None a dict of both. The arguments are in the order of
        sentence-transformers since 2.4.

        `prompt`, or the one of the name `prompt_name`, or else the model's default prompt is put before every sentence;
        where the model's pooling has include_prompt=False its tokens take no part in it. `truncate_dim` is how many
        dimensions are kept of a vector, before it is normalized; None: as the model has it.

        Of these only the defaults are there: `precision`, `convert_to_tensor`, `pool`, `chunk_size`, `num_workers`; and
        `device`, which may name the model's own. `batch_size` changes no vector: the library packs sentences by tokens.
        """
        self._check_encode(prompt_name, prompt, batch_size, output_value, precision, convert_to_tensor, device, pool,
                           chunk_size, num_workers)
        single = isinstance(sentences, str)
        texts = [sentences] if single else _arguments.texts("encode: sentences", sentences)
        prefix = self._prompt(prompt_name, prompt)
        if truncate_dim is not None:
            truncate_dim = _arguments.integer("encode: truncate_dim", truncate_dim, 1)
        normalize = _arguments.flag("encode: normalize_embeddings", normalize_embeddings)
        as_array = _arguments.flag("encode: convert_to_numpy", convert_to_numpy)
        with Bar("encode", show_progress_bar) as bar:
            vectors, tokens = self._native.encode(texts, normalize=normalize, progress=bar.update,
                                                  tokens=output_value != "sentence_embedding", prompt=prefix,
                                                  truncate_dim=truncate_dim or self.truncate_dim)
        if output_value == "token_embeddings":
            result = tokens
        elif output_value is None:
            result = [{"sentence_embedding": vector, "token_embeddings": matrix, "input_ids": ids}
                      for vector, matrix, ids in zip(vectors, tokens, (self.tokenizer.encode(prefix + text) for text in texts))]
        else:
            result = vectors if as_array else list(vectors)
        return result[0] if single else result

    def _check_encode(self, prompt_name, prompt, batch_size, output_value, precision, convert_to_tensor, device, pool,
                      chunk_size, num_workers):
        if not isinstance(prompt_name, (str, type(None))):
            raise TypeError(f"encode: prompt_name is {_arguments.describe(prompt_name)}, not str: it is the second "
                            "positional argument, as in sentence-transformers since 2.4; for the size of batches write "
                            "batch_size=")
        _arguments.optional_text("encode: prompt", prompt)
        _arguments.integer("encode: batch_size", batch_size, 1)
        if convert_to_tensor:
            raise TypeError("encode: vectors are NumPy arrays here: leave out convert_to_tensor, or use "
                            "torch.from_numpy(model.encode(...))")
        if output_value not in ("sentence_embedding", "token_embeddings", None):
            raise errors.ArgumentError(f"encode: output_value {output_value!r}: give 'sentence_embedding', "
                                       "'token_embeddings' or None")
        if not (precision == "float32" and pool is None and chunk_size is None and num_workers == 0):
            _arguments.unused("encode", "vectors are float32", precision=(precision, "float32"))
            _arguments.unused("encode", "one process uses all processors", pool=(pool, None),
                              chunk_size=(chunk_size, None), num_workers=(num_workers, 0))
        if device is not None:
            _arguments.unused("encode", f"the model is on {self.device!r}; model.to(device) moves it",
                              device=(str(device), self.device))

    def encode_query(self, sentences, prompt_name=None, prompt=None, *arguments, **options):
        """encode, which has the same arguments, with the prompt "query", which is empty where the model
        has none: the default prompt is not used."""
        prompt_name = self._default_prompt(("query",), prompt_name, prompt)
        return self.encode(sentences, prompt_name, prompt, *arguments, **options)

    def encode_document(self, sentences, prompt_name=None, prompt=None, *arguments, **options):
        """encode, which has the same arguments, with the prompt "document", which is empty where the
        model has none; only where `prompts` were set without it, with "passage" or "corpus". The default prompt is not
        used."""
        prompt_name = self._default_prompt(("document", "passage", "corpus"), prompt_name, prompt)
        return self.encode(sentences, prompt_name, prompt, *arguments, **options)

    def _default_prompt(self, names, prompt_name, prompt):
        if prompt_name is None and prompt is None:
            return next((name for name in names if name in self.prompts), None)
        return prompt_name

    def _prompt(self, name, prompt):
        if prompt is not None:
            return prompt
        name = name or self.default_prompt_name
        if name is not None and name not in self.prompts:
            raise errors.ArgumentError(f"encode: no prompt {name!r}; there are: {', '.join(self.prompts) or 'none'}")
        return _arguments.text(f"prompt {name!r}", self.prompts[name]) if name else ""

    def tokenize(self, texts):
        """Ids and mask of texts, padded to the longest, as int64 arrays [texts, tokens]."""
        ids = [self.tokenizer.encode(text) for text in _arguments.texts("tokenize: texts", texts)]
        width = max(map(len, ids), default=0)
        batch = np.zeros((len(ids), width), np.int64)
        mask = np.zeros_like(batch)
        for row, text_ids in enumerate(ids):
            batch[row, :len(text_ids)] = text_ids
            mask[row, :len(text_ids)] = 1
        return {"input_ids": batch, "attention_mask": mask, "token_type_ids": np.zeros_like(batch)}

    @property
    def tokenizer(self):
        return Tokenizer.of_model(self._native)

    def similarity(self, embeddings1, embeddings2):
        """All with all, by `similarity_fn_name`."""
        return SimilarityFunction.to_similarity_fn(self.similarity_fn_name)(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1, embeddings2):
        """Row by row."""
        return SimilarityFunction.to_similarity_pairwise_fn(self.similarity_fn_name)(embeddings1, embeddings2)

    @property
    def similarity_fn_name(self):
        return self._similarity.value

    @similarity_fn_name.setter
    def similarity_fn_name(self, value):
        self._similarity = SimilarityFunction("cosine" if value is None else value)

    # ---- training, evaluation, files ----

    def fit(self, train_objectives, evaluator=None, epochs=1, steps_per_epoch=None, scheduler="WarmupLinear",
            warmup_steps=10000, optimizer_class=None, optimizer_params=None, weight_decay=0.01, evaluation_steps=0,
            output_path=None, save_best_model=True, max_grad_norm=1, use_amp=False, callback=None,
            show_progress_bar=True, checkpoint_path=None, checkpoint_save_steps=500, checkpoint_save_total_limit=0, *,
            seed=None, threads=None, preset=None, resume=False, keep_head=False, no_dropout=False,
            gradient_accumulation_steps=1):
        """Trains this model by pairs of a DataLoader and a loss, in turn.

        `preset` is the arithmetic of AdamW: "torch" (as sentence-transformers has had it since 2.2.2) or "st-0.4.1",
        which optimizer_params={"correct_bias": False} means too. `checkpoint_path` is a directory with one state, from
        which `resume=True` goes on to the same last bit; if it was written with another library version, engine,
        instruction set or dictionary, it is refused unless `resume="any"`. After an interrupt the model is what it had
        become by then. If the training is complete but could not be saved, the model is what should have been saved, and
        the exception is raised: `save` it elsewhere.
        `keep_head` leaves the head of a DistillationLoss at the model's end, as a Dense module; `no_dropout` trains
        without dropout whatever the model's configuration says. `use_amp` multiplies in bf16 where the processor does
        (avx512bf16, amx); the weights stay float32. With `gradient_accumulation_steps` a step, also in
        warmup_steps and evaluation_steps, is so many batches and goes by their mean gradient.
        """
        training.refuse_unused(optimizer_class, checkpoint_save_total_limit)
        training.require(epochs=epochs, warmup_steps=warmup_steps, weight_decay=weight_decay,
                         evaluation_steps=evaluation_steps, max_grad_norm=max_grad_norm,
                         checkpoint_save_steps=checkpoint_save_steps,
                         gradient_accumulation_steps=gradient_accumulation_steps)
        scheduler = _arguments.optional_text("fit: scheduler", scheduler)
        options = _native.make(
            _native.FitOptions, training.FIELD_NAMES, epochs=epochs, steps_per_epoch=steps_per_epoch,
            scheduler=_native.text_or_none(scheduler and scheduler.lower()),
            warmup_steps=training.whole("warmup_steps", warmup_steps), weight_decay=weight_decay,
            max_grad_norm=max_grad_norm, evaluation_steps=evaluation_steps,
            output_path=_arguments.optional_path("fit: output_path", output_path),
            checkpoint_path=_arguments.optional_path("fit: checkpoint_path", checkpoint_path),
            checkpoint_steps=checkpoint_save_steps, seed=seed, keep_last=int(not _arguments.flag(
                "fit: save_best_model", save_best_model)),
            gradient_accumulation_steps=gradient_accumulation_steps,
            bf16=int(_arguments.flag("fit: use_amp", use_amp)),
            threads=self.threads if threads is None else threads, log=log_function,
            resume=training.resume_mode(resume), settings=self._settings_json(),
            **training.flags(keep_head=keep_head, no_dropout=no_dropout),
            **training.optimizer_options(optimizer_params, preset))
        training.fit(self, train_objectives, options, evaluator, callback, output_path, show_progress_bar)

    def evaluate(self, evaluator, output_path=None):
        """What the evaluator gives for this model."""
        if not callable(evaluator):
            raise TypeError(f"evaluate: evaluator: {_arguments.describe(evaluator)} cannot be called")
        if output_path is not None:
            os.makedirs(output_path, exist_ok=True)
        return evaluator(self, output_path)

    def save(self, path, model_name=None, create_model_card=True, train_datasets=None, safe_serialization=True, *,
             layout=None, dtype=None, packed=None):
        """Writes a directory that sentence-transformers 2.0 and later opens; layout "0.4.1" is for older ones. `dtype`
        is how weights are stored: "f32", "f16" or "bf16"; `packed` "bf16" or "int8" adds a file that a load with this
        `precision` on such a machine maps. An existing model there is replaced, in one step.

        `model_name` and `train_datasets` take None only, and `safe_serialization` True; `create_model_card` either."""
        _arguments.unused("save", "no model card is written", model_name=(model_name, None),
                          train_datasets=(train_datasets, None, []), create_model_card=(create_model_card, True, False))
        _arguments.unused("save", "weights are written as model.safetensors; layout=\"0.4.1\" has pytorch_model.bin",
                          safe_serialization=(safe_serialization, True))
        self._native.save(path, layout, dtype, packed, self._settings_json())

    save_pretrained = save

    # ---- what it is ----

    def get_sentence_embedding_dimension(self):
        return min(self._native.full_dimension, self.truncate_dim or self._native.full_dimension)

    get_embedding_dimension = get_sentence_embedding_dimension

    @contextmanager
    def truncate_embeddings(self, truncate_dim):
        """`with model.truncate_embeddings(16):` another truncate_dim inside."""
        before, self.truncate_dim = self.truncate_dim, truncate_dim
        try:
            yield
        finally:
            self.truncate_dim = before

    truncate_sentence_embeddings = truncate_embeddings

    def get_max_seq_length(self):
        return self._native.max_tokens

    @property
    def max_seq_length(self):
        """The longest input in tokens; longer texts are cut. Setting it loads the model again; None: what the model says."""
        return self._native.max_tokens

    @max_seq_length.setter
    def max_seq_length(self, value):
        if value is not None:
            value = _arguments.integer("SentenceTransformer: max_seq_length", value, 3)
        if value != self._native.max_tokens:
            self._reload(max_tokens=value)

    @property
    def device(self):
        return self.describe()["device"]

    def to(self, device):
        """Loads the model again on another of the library's devices (see build_info())."""
        if device is None:
            raise TypeError("to: device is None")
        if str(device) != self._settings["device"]:
            self._reload(device=str(device))
        return self

    def eval(self):
        """Nothing to do: encode never uses dropout, fit always does."""
        return self

    def train(self, mode=True):
        return self

    def describe(self):
        """Architecture, tokenizer, modules, device, engine and instruction set as a dict."""
        return self._native.describe()

    def named_parameters(self):
        """Names and float32 arrays (two-dimensional) of all weights."""
        return self._native.parameters()

    @property
    def modules(self):
        """Descriptions of the transformer and of what follows it, as in sbertja.models."""
        described = models.describe_modules(self._native, self._source and self._source[0])
        described[0].belongs_to(self)
        return tuple(described)

    def _first_module(self):
        return self.modules[0]

    def _last_module(self):
        return self.modules[-1]

    def __len__(self):
        return len(self.modules)

    def __getitem__(self, index):
        return self.modules[index]

    def __iter__(self):
        return iter(self.modules)

    def __repr__(self):
        return f"SentenceTransformer({', '.join(map(repr, self.modules))})"

    # ---- copies: by way of a saved directory ----

    def __reduce__(self):
        with tempfile.TemporaryDirectory(prefix="sbertja-") as folder:
            directory = os.path.join(folder, "model")
            self._native.save(directory, settings=self._settings_json())
            files = {}
            for parent, _, names in os.walk(directory):
                for name in names:
                    path = os.path.join(parent, name)
                    with open(path, "rb") as file:
                        files[os.path.relpath(path, directory)] = file.read()
        return _restore, (files, self.threads, self._settings, self.prompts)


def _prompts(place, value):
    """{name: text}, as a dict of its own."""
    prompts = {} if value is None else _arguments.mapping(place, value, "{name: text}")
    for name, text in prompts.items():
        _arguments.text(f"{place}: a name", name)
        _arguments.text(f"{place}[{name!r}]", text)
    return prompts


def _restore(files, threads, settings, prompts):
    """What __reduce__ took apart."""
    with tempfile.TemporaryDirectory(prefix="sbertja-") as folder:
        directory = os.path.join(folder, "model")
        for name, data in files.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        model = SentenceTransformer(directory, threads=threads, **settings)
    model.prompts = prompts  # also where one of the two that every new model has was taken out
    model._source = None
    return model


def build_info():
    """The library's version and what this build and machine have, best first."""
    lib = _native.library()
    return {"version": lib.sbertja_version().decode("ascii"),
            **{name: getattr(lib, f"sbertja_{name}")().decode("utf-8").split()
               for name in ("devices", "engines", "instruction_sets")}}
