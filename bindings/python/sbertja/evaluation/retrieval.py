"""How well a search by similarity finds the documents that are relevant to each query."""
import numpy as np

from .. import _arguments, errors
from .._settings import Setting
from ..util import SimilarityFunction, top_indices
from .base import FIXED, MetricsEvaluator


def _depths(place, value):
    """The k's of a measure, such as [1, 3, 5, 10]."""
    return [_arguments.integer(f"{place}[{index}]", k, 1)
            for index, k in enumerate(_arguments.items(place, value, "integers"))]


def _texts(name, value):
    """{id: text}."""
    found = _arguments.mapping(f"InformationRetrievalEvaluator: {name}", value, "{id: text}")
    for key, text in found.items():
        _arguments.text(f"InformationRetrievalEvaluator: {name}[{key!r}]", text)
    return found


class InformationRetrievalEvaluator(MetricsEvaluator):
    """`queries` and `corpus` are {id: text}; `relevant_docs` is {query id: set of corpus ids}. Queries without relevant
    documents are left out."""

    file_name = "Information-Retrieval_evaluation"
    title = "retrieval"
    query_ids = Setting(fixed=FIXED)
    queries = Setting(fixed=FIXED)
    corpus_ids = Setting(fixed=FIXED)
    corpus = Setting(fixed=FIXED)
    relevant_docs = Setting(fixed=FIXED)
    corpus_chunk_size = Setting(lambda place, value: _arguments.integer(place, value, 1))
    mrr_at_k = Setting(_depths)
    ndcg_at_k = Setting(lambda place, value: _depths(place, value) or _no_depth(place))
    accuracy_at_k = Setting(_depths)
    precision_recall_at_k = Setting(_depths)
    map_at_k = Setting(_depths)
    score_functions = Setting(lambda place, value: _functions(place, value))

    def __init__(self, queries, corpus, relevant_docs, corpus_chunk_size=50000, mrr_at_k=(10,), ndcg_at_k=(10,),
                 accuracy_at_k=(1, 3, 5, 10), precision_recall_at_k=(1, 3, 5, 10), map_at_k=(100,),
                 show_progress_bar=False, batch_size=32, name="", write_csv=True, *, score_functions=None,
                 main_score_function=None):
        super().__init__(name=name, batch_size=batch_size, show_progress_bar=show_progress_bar, write_csv=write_csv)
        queries, corpus = _texts("queries", queries), _texts("corpus", corpus)
        self.relevant_docs = _arguments.mapping("InformationRetrievalEvaluator: relevant_docs", relevant_docs,
                                                "{query id: set of corpus ids}")
        self.query_ids = [query for query in queries if self.relevant_docs.get(query)]
        self.queries = [queries[query] for query in self.query_ids]
        self.corpus_ids = list(corpus)
        self.corpus = list(corpus.values())
        self._check(corpus)
        self.corpus_chunk_size = corpus_chunk_size
        self.mrr_at_k, self.ndcg_at_k, self.map_at_k = mrr_at_k, ndcg_at_k, map_at_k
        self.accuracy_at_k, self.precision_recall_at_k = accuracy_at_k, precision_recall_at_k
        self.score_functions = score_functions  # {name: function of two arrays}; else the model's similarity
        self.main_similarity = main_score_function

    @property
    def primary(self):
        """The key of the metric that a call gives."""
        return f"ndcg@{max(self.ndcg_at_k)}"

    def _check(self, corpus):
        if not self.query_ids:
            raise errors.ArgumentError("InformationRetrievalEvaluator: no query has relevant documents")
        for query in self.query_ids:
            wanted = self.relevant_docs[query]
            place = f"InformationRetrievalEvaluator: relevant_docs of {query!r}"
            if not isinstance(wanted, (set, frozenset, list, tuple)):
                raise errors.ArgumentError(f"{place}: {wanted!r} is no set of ids")
            unknown = [document for document in wanted if document not in corpus]
            if unknown:
                raise errors.ArgumentError(f"{place}: {unknown[0]!r} is not in the corpus")

    def compute_metrics(self, model, similarity_fn_names):
        functions = self.score_functions or {name: SimilarityFunction.to_similarity_fn(name)
                                             for name in similarity_fn_names}
        best = self._search(model, functions)
        return {name: self._measure([[document for _, document in hits] for hits in best[name]]) for name in functions}

    def _search(self, model, functions):
        """{function: for each query the best (score, corpus id), best first, ties by id}. The corpus goes through in
        chunks, so that its vectors need never be there at once."""
        depth = max(self.mrr_at_k + self.ndcg_at_k + self.map_at_k + self.accuracy_at_k + self.precision_recall_at_k)
        query_vectors = getattr(model, "encode_query", model.encode)
        queries = query_vectors(self.queries, batch_size=self.batch_size, show_progress_bar=self.show_progress_bar)
        documents = getattr(model, "encode_document", model.encode)
        best = {name: [[] for _ in self.queries] for name in functions}
        for start in range(0, len(self.corpus), self.corpus_chunk_size):
            chunk = documents(self.corpus[start:start + self.corpus_chunk_size], batch_size=self.batch_size,
                              show_progress_bar=self.show_progress_bar)
            for name, function in functions.items():
                scores = np.asarray(function(queries, chunk))
                for hits, row, found in zip(best[name], scores, top_indices(scores, depth)):
                    hits += [(row[i], self.corpus_ids[start + i]) for i in found]
                    hits.sort(key=lambda hit: (-hit[0], hit[1]))
                    del hits[depth:]
        return best

    def _measure(self, rankings):
        relevant = [set(self.relevant_docs[query]) for query in self.query_ids]
        hits = [np.array([document in wanted for document in ranking], bool)
                for ranking, wanted in zip(rankings, relevant)]
        counts = [len(wanted) for wanted in relevant]

        def mean(function, k):
            return float(np.mean([function(row[:k], count, k) for row, count in zip(hits, counts)]))

        metrics = {}
        for k in self.accuracy_at_k:
            metrics[f"accuracy@{k}"] = mean(lambda row, count, k: row.any(), k)
        for k in self.precision_recall_at_k:
            metrics[f"precision@{k}"] = mean(lambda row, count, k: row.sum() / k, k)
            metrics[f"recall@{k}"] = mean(lambda row, count, k: row.sum() / count, k)
        for k in self.ndcg_at_k:
            metrics[f"ndcg@{k}"] = mean(_ndcg, k)
        for k in self.mrr_at_k:
            metrics[f"mrr@{k}"] = mean(lambda row, count, k: 1 / (1 + np.argmax(row)) if row.any() else 0, k)
        for k in self.map_at_k:
            metrics[f"map@{k}"] = mean(_average_precision, k)
        return metrics


def _functions(place, value):
    """{name: function of two arrays}, or None."""
    if value is None:
        return None
    functions = _arguments.mapping(place, value, "{name: function}")
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{place}[{name!r}]: {_arguments.describe(function)} cannot be called")
    return functions


def _no_depth(place):
    raise errors.ArgumentError(f"{place} is empty: its largest k is the evaluator's result")


def _ndcg(hits, count, k):
    """Discounted gain, over that of a ranking with all relevant documents in front."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    return (hits * gains[:len(hits)]).sum() / gains[:count].sum()


def _average_precision(hits, count, k):
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return (precisions * hits).sum() / min(k, count)
