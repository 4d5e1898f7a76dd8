/* The Viterbi search over the words that libmecab's dictionary lookup finds.
 *
 * libmecab keeps about 175 bytes for each byte of a text until the whole of it is cut, adds up costs until they overflow after
 * some two million bytes, and looks at the rest of a run of one kind of character (up to 65,535 bytes) at every place of
 * it. Here a lookup sees SBJ_LOOKAHEAD bytes, and the text is cut by segments:
 *
 *     root ----- c ===== the end of what has been searched
 *               /|\
 *
 * When all words that reach the end of a segment have one ancestor c in common, no later text can change the words before c:
 * they are given out, and the search goes on with c as its root. Costs from there on differ by a constant, so the words are
 * those that one search over all of the text would find. What is behind c is searched again, so the segment grows where
 * there is no such c in its second half.
 *
 * Order matters where costs are equal: nodes that end at one place are looked at last found first, and the first of the
 * cheapest wins, as in libmecab. */
#include "text/viterbi.h"

enum {
    SEGMENT = 16384, /* bytes that are searched before the words of them are given out */
    NONE = -1
};

/* A word that might be. Positions are bytes from the segment's beginning. */
typedef struct node {
    int64_t cost; /* of the best path up to its end */
    const char *surface;
    size_t length, end;
    int32_t previous, next_ending; /* best path; list of those that end at the same place */
    unsigned short left, right;    /* contexts */
} node;

typedef struct search {
    const sbj_viterbi *viterbi;
    sbj_span text;
    size_t base;    /* where the segment begins in the text */
    node *nodes;    /* [0] is the root */
    size_t count, capacity;
    int32_t *ending; /* for each position the node found last that ends there, or NONE */
    size_t positions, ending_capacity;
    int32_t *path;
    size_t path_capacity;
} search;

static sbertja_status no_memory(sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: searching for words");
}

/* Makes positions up to and including `last` known. */
static bool reach(search *s, size_t last)
{
    if (!sbj_grow(s->viterbi->alloc, (void **)&s->ending, &s->ending_capacity, s->positions, last + 1,
                  sizeof *s->ending))
        return false;
    while (s->positions <= last)
        s->ending[s->positions++] = NONE;
    return true;
}

static sbertja_status go_on(const search *s, sbertja_error *error)
{
    const sbj_viterbi *v = s->viterbi;
    if (v->stopped == NULL || !v->stopped(v->context))
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_STOPPED, "stopped after %zu of %zu bytes of a text", s->base, s->text.length);
}

static bool add(search *s, node n)
{
    if (s->count >= INT32_MAX ||
        !sbj_grow(s->viterbi->alloc, (void **)&s->nodes, &s->capacity, s->count, s->count + 1, sizeof n) ||
        !reach(s, n.end))
        return false;
    n.next_ending = s->ending[n.end];
    s->ending[n.end] = (int32_t)s->count;
    s->nodes[s->count++] = n;
    return true;
}

/* The best way to a word with this left context that begins at `position`, where nodes end. */
static int32_t best_before(const search *s, size_t position, unsigned short left, int64_t *cost)
{
    int32_t best = NONE;
    for (int32_t i = s->ending[position]; i != NONE; i = s->nodes[i].next_ending) {
        const int64_t sum =
            s->nodes[i].cost + mecab_model_transition_cost(s->viterbi->model, s->nodes[i].right, left);
        if (best == NONE || sum < *cost) {
            best = i;
            *cost = sum;
        }
    }
    return best;
}

/* Adds the words that begin at a position, after blanks. */
static sbertja_status extend(search *s, size_t position, sbertja_error *error)
{
    const sbj_viterbi *v = s->viterbi;
    const size_t at = s->base + position, blanks = v->blanks(v->context, s->text, at), first = at + blanks;
    const size_t left = s->text.length - first;
    const char *begin = s->text.text + at;
    mecab_node_t *found;
    if (left == 0)
        return SBERTJA_OK;
    size_t seen = left < SBJ_LOOKAHEAD ? left : SBJ_LOOKAHEAD;
    while (seen < left && (s->text.text[first + seen] & 0xC0) == 0x80)
        seen++; /* a whole number of characters */
    if (sbj_mecab_lookup(v->model, begin, begin + blanks + seen, v->lattice, &found) != SBJ_MECAB_OK)
        return no_memory(error);
    for (; found != NULL; found = found->bnext) {
        node n = {.surface = found->surface, .length = found->length, .end = position + found->rlength,
                  .left = found->lcAttr, .right = found->rcAttr};
        n.previous = best_before(s, position, n.left, &n.cost);
        n.cost += found->wcost;
        if (!add(s, n))
            return no_memory(error);
    }
    return sbj_mecab_clear(v->lattice) == SBJ_MECAB_OK ? SBERTJA_OK : no_memory(error);
}

/* The word that the paths of all nodes ending at `position` or later have in common, the latest one; 0, the root, where they have
 * none. A node's number is larger than those of the nodes before it. */
static int32_t common_ancestor(const search *s, size_t position)
{
    int32_t common = NONE;
    for (size_t p = position; p < s->positions; p++)
        for (int32_t i = s->ending[p]; i != NONE; i = s->nodes[i].next_ending) {
            int32_t other = i;
            while (common != NONE && common != other)
                if (common > other)
                    common = s->nodes[common].previous;
                else
                    other = s->nodes[other].previous;
            common = other;
        }
    return common == NONE ? 0 : common;
}

/* The best of the nodes that end last: MeCab takes what is behind them for blanks. */
static int32_t best_end(const search *s)
{
    int64_t cost;
    for (size_t p = s->positions; p-- > 0;)
        if (s->ending[p] != NONE)
            return best_before(s, p, 0, &cost);
    return 0;
}

/* Gives out the words from the root to `last`. `*more` is false if the sink wants no more. */
static sbertja_status give(search *s, int32_t last, sbj_word_sink sink, void *user, bool *more, sbertja_error *error)
{
    size_t count = 0;
    for (int32_t i = last; i > 0; i = s->nodes[i].previous) {
        if (!sbj_grow(s->viterbi->alloc, (void **)&s->path, &s->path_capacity, count, count + 1, sizeof *s->path))
            return no_memory(error);
        s->path[count++] = i;
    }
    while (count > 0 && *more) {
        const node *n = &s->nodes[s->path[--count]];
        *more = sink(user, (sbj_span){n->surface, n->length});
    }
    return SBERTJA_OK;
}

/* Begins a segment with a root, which ends at its beginning. */
static bool begin_at(search *s, node root)
{
    s->base += root.end;
    s->count = s->positions = 0;
    root.cost = 0;
    root.end = 0;
    root.previous = NONE;
    return add(s, root);
}

/* Searches a segment of at least SEGMENT bytes and gives out what is certain. */
static sbertja_status search_segment(search *s, sbj_word_sink sink, void *user, bool *more, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    size_t position = 0, size = SEGMENT;
    while (s->base + position < s->text.length) {
        if (position % SEGMENT == 0)
            status = go_on(s, error);
        if (status == SBERTJA_OK && position < s->positions && s->ending[position] != NONE)
            status = extend(s, position, error);
        if (status != SBERTJA_OK)
            return status;
        if (++position < size)
            continue;
        const int32_t common = common_ancestor(s, position);
        if (s->nodes[common].end >= size / 2) {
            status = give(s, common, sink, user, more, error);
            return status != SBERTJA_OK || begin_at(s, s->nodes[common]) ? status : no_memory(error);
        }
        size *= 2;
    }
    status = give(s, best_end(s), sink, user, more, error);
    s->base = s->text.length;
    return status;
}

sbertja_status sbj_viterbi_words(const sbj_viterbi *viterbi, sbj_span text, sbj_word_sink sink, void *user,
                                 sbertja_error *error)
{
    search s = {.viterbi = viterbi, .text = text};
    bool more = true;
    sbertja_status status = begin_at(&s, (node){.length = 0}) ? SBERTJA_OK : no_memory(error);
    while (status == SBERTJA_OK && more && s.base < text.length)
        status = search_segment(&s, sink, user, &more, error);
    sbj_free(viterbi->alloc, s.nodes);
    sbj_free(viterbi->alloc, s.ending);
    sbj_free(viterbi->alloc, s.path);
    return status;
}
