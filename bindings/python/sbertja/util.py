"""Similarities, search, mining and clustering on vectors, as in sentence_transformers.util; NumPy arrays in and out."""
import heapq
from enum import Enum

import numpy as np

from . import _arguments, errors


def _matrix(vectors, name="vectors"):
    """Vectors as a float32 or float64 array of two dimensions; a single vector becomes a row."""
    array = np.atleast_2d(_arguments.vectors(name, vectors))
    if array.ndim != 2:
        raise errors.ArgumentError(f"{name}: {_arguments.describe(vectors)}, expected one or two dimensions")
    return array


def _same_rows(a, b):
    """Two arrays whose rows belong together; a single vector goes with each row of the other."""
    a, b = _matrix(a), _matrix(b)
    if a.shape[1] != b.shape[1] or (len(a) != len(b) and 1 not in (len(a), len(b))):
        raise errors.ArgumentError(f"vectors of shapes {a.shape} and {b.shape} cannot be compared row by row")
    return a, b


def _same_width(a, b):
    a, b = _matrix(a), _matrix(b)
    if a.shape[1] != b.shape[1]:
        raise errors.ArgumentError(f"vectors of shapes {a.shape} and {b.shape} have different widths")
    return a, b


def normalize_embeddings(embeddings):
    """Rows of length 1; a row of zeros stays one."""
    embeddings = _matrix(embeddings)
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


def cos_sim(a, b):
    """Cosines of all rows of `a` with all rows of `b`."""
    a, b = _same_width(a, b)
    return normalize_embeddings(a) @ normalize_embeddings(b).T


pytorch_cos_sim = cos_sim


def dot_score(a, b):
    a, b = _same_width(a, b)
    return a @ b.T


def euclidean_sim(a, b):
    """Negative distances of all rows of `a` to all rows of `b`."""
    a, b = _same_width(a, b)
    x, y = a.astype(np.float64), b.astype(np.float64)
    squares = (x * x).sum(1)[:, None] + (y * y).sum(1)[None, :] - 2 * (x @ y.T)
    return -np.sqrt(np.maximum(squares, 0)).astype(np.result_type(a, b))


def manhattan_sim(a, b):
    """Negative sums of absolute differences of all rows of `a` and all rows of `b`."""
    a, b = _same_width(a, b)
    distances = np.empty((len(a), len(b)), np.result_type(a, b))
    for row, found in zip(a, distances):
        found[:] = np.abs(b - row).sum(1)
    return -distances


def pairwise_cos_sim(a, b):
    """Cosines of the rows of `a` with the same rows of `b`."""
    a, b = _same_rows(a, b)
    return pairwise_dot_score(normalize_embeddings(a), normalize_embeddings(b))


def pairwise_dot_score(a, b):
    a, b = _same_rows(a, b)
    return (a * b).sum(1)


def pairwise_euclidean_sim(a, b):
    a, b = _same_rows(a, b)
    return -np.sqrt(((a - b) ** 2).sum(1))


def pairwise_manhattan_sim(a, b):
    a, b = _same_rows(a, b)
    return -np.abs(a - b).sum(1)


class SimilarityFunction(Enum):
    """The similarities by name."""

    COSINE = "cosine"
    DOT_PRODUCT = "dot"
    DOT = "dot"
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"

    @classmethod
    def possible_values(cls):
        return [member.value for member in cls]

    @classmethod
    def to_similarity_fn(cls, function):
        """All rows with all rows."""
        return {cls.COSINE: cos_sim, cls.DOT_PRODUCT: dot_score, cls.EUCLIDEAN: euclidean_sim,
                cls.MANHATTAN: manhattan_sim}[cls(function)]

    @classmethod
    def to_similarity_pairwise_fn(cls, function):
        """Row by row."""
        return {cls.COSINE: pairwise_cos_sim, cls.DOT_PRODUCT: pairwise_dot_score,
                cls.EUCLIDEAN: pairwise_euclidean_sim, cls.MANHATTAN: pairwise_manhattan_sim}[cls(function)]


def top_indices(scores, k):
    """For each row the columns of its k largest values, largest first, ties by smaller column."""
    k = min(k, scores.shape[1])
    if 4 * k >= scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, found, 1), axis=1, kind="stable")
    return np.take_along_axis(found, order, 1)


def _scores(function, queries, corpus, start):
    """Scores, [queries, rows of the corpus]; a NaN, which has no place in an order, is an error."""
    scores = np.asarray(function(queries, corpus))
    if scores.shape != (len(queries), len(corpus)):
        raise errors.ArgumentError(f"score_function gives the shape {scores.shape}, expected {(len(queries), len(corpus))}")
    if np.isnan(scores).any():
        query, row = np.argwhere(np.isnan(scores))[0]
        raise errors.ArgumentError(f"the score of query {query} of its chunk and row {row + start} is NaN: vectors must "
                                   "be finite")
    return scores


def _top_by_chunks(queries, corpus, chunk, k, score_function):
    """(scores, indices), [queries, k] each, of the best rows of the corpus, scored a chunk of it at a time."""
    best_scores, best = None, None
    for start in range(0, len(corpus), chunk):
        scores = _scores(score_function, queries, corpus[start:start + chunk], start)
        found = top_indices(scores, k)
        scores, found = np.take_along_axis(scores, found, 1), found + start
        if best is not None:
            scores, found = np.hstack([best_scores, scores]), np.hstack([best, found])
            order = top_indices(scores, k)
            scores, found = np.take_along_axis(scores, order, 1), np.take_along_axis(found, order, 1)
        best_scores, best = scores, found
    return best_scores, best


def _check_counts(function, **counts):
    for name, value in counts.items():
        _arguments.integer(f"{function}: {name}", value, 1)


def semantic_search(query_embeddings, corpus_embeddings, query_chunk_size=100, corpus_chunk_size=500000, top_k=10,
                    score_function=cos_sim):
    """For each query the `top_k` best rows of the corpus, as dicts of corpus_id and score, best first."""
    _check_counts("semantic_search", query_chunk_size=query_chunk_size, corpus_chunk_size=corpus_chunk_size, top_k=top_k)
    queries = _matrix(query_embeddings, "semantic_search: query_embeddings")
    corpus = _matrix(corpus_embeddings, "semantic_search: corpus_embeddings")
    if not corpus.size:
        return [[] for _ in queries]
    results = []
    for start in range(0, len(queries), query_chunk_size):
        scores, found = _top_by_chunks(queries[start:start + query_chunk_size], corpus, corpus_chunk_size, top_k,
                                       score_function)
        results += [[{"corpus_id": i, "score": score} for i, score in zip(*row)]
                    for row in zip(found.tolist(), scores.tolist())]
    return results


def paraphrase_mining(model, sentences, show_progress_bar=False, batch_size=32, query_chunk_size=5000,
                      corpus_chunk_size=100000, max_pairs=500000, top_k=100, score_function=cos_sim):
    """The most similar pairs of sentences, as [score, index, index], best first."""
    sentences = _arguments.texts("paraphrase_mining: sentences", sentences)
    embeddings = model.encode(sentences, show_progress_bar=show_progress_bar, batch_size=batch_size)
    return paraphrase_mining_embeddings(embeddings, query_chunk_size, corpus_chunk_size, max_pairs, top_k,
                                        score_function)


def paraphrase_mining_embeddings(embeddings, query_chunk_size=5000, corpus_chunk_size=100000, max_pairs=500000,
                                 top_k=100, score_function=cos_sim):
    """The most similar pairs of rows among each row's `top_k` others, as [score, index, index], best first."""
    _check_counts("paraphrase_mining", query_chunk_size=query_chunk_size, corpus_chunk_size=corpus_chunk_size,
                  max_pairs=max_pairs, top_k=top_k)
    embeddings = _matrix(embeddings, "paraphrase_mining: embeddings")
    pairs = {}
    for start in range(0, len(embeddings), query_chunk_size):
        scores, found = _top_by_chunks(embeddings[start:start + query_chunk_size], embeddings, corpus_chunk_size,
                                       top_k + 1, score_function)
        for i, (row_scores, row) in enumerate(zip(scores.tolist(), found.tolist()), start):
            others = [(j, score) for j, score in zip(row, row_scores) if j != i][:top_k]
            for j, score in others:
                pairs.setdefault((min(i, j), max(i, j)), score)
        if len(pairs) > 2 * max_pairs:  # keeps memory bounded
            pairs = dict(heapq.nlargest(max_pairs, pairs.items(), key=lambda pair: pair[1]))
    best = heapq.nlargest(max_pairs, pairs.items(), key=lambda pair: pair[1])
    return [[score, i, j] for (i, j), score in best]


def _all_dots(a, b):
    return a @ b.T


def community_detection(embeddings, threshold=0.75, min_community_size=10, batch_size=1024, show_progress_bar=False):
    """Groups of rows whose cosine with a central row is at least `threshold`: largest first, the centre first in each;
    every row is in one group at most. `batch_size` bounds the memory; there is no progress bar."""
    _check_counts("community_detection", min_community_size=min_community_size, batch_size=batch_size)
    threshold = _arguments.number("community_detection: threshold", threshold)
    embeddings = _matrix(embeddings, "community_detection: embeddings")
    if len(embeddings) < min_community_size:
        return []
    embeddings = normalize_embeddings(embeddings)
    threshold = embeddings.dtype.type(threshold)
    candidates = []
    for start in range(0, len(embeddings), batch_size):
        scores = _scores(_all_dots, embeddings[start:start + batch_size], embeddings, 0)
        for centre, row in enumerate(scores, start):
            members = np.flatnonzero(row >= threshold)
            if len(members) >= min_community_size:
                candidates.append((centre, members[np.argsort(-row[members], kind="stable")]))
    candidates.sort(key=lambda candidate: len(candidate[1]), reverse=True)

    communities = []
    taken = np.zeros(len(embeddings), bool)
    for centre, members in candidates:
        if taken[centre]:
            continue
        free = members[~taken[members]]
        if len(free) >= min_community_size:
            community = [centre, *(int(i) for i in free if i != centre)]
            communities.append(community)
            taken[community] = True
    return sorted(communities, key=len, reverse=True)
