/* Merging pairs of pieces.
 *
 * Words are rows of piece numbers. For each pair of neighbours there is how often it occurs and in which words; a merge
 * visits those words alone and adjusts the pairs around each place. Pairs wait in a heap by their count. An entry whose
 * pair has fallen since is put back with the right count when it comes up; a pair that has risen gets a new entry. So
 * the top entry with a true count is the most frequent pair. */
#include "text/merge.h"

#include "text/alphabet.h"
#include "util/strbuf.h"

enum { REST = 2 }; /* bytes of "##" */

typedef struct pair {
    uint32_t first, second;
    uint32_t round; /* the last one in which it rose */
    uint64_t count;
    uint32_t *rows; /* where it occurs, or did when it was last looked at */
    size_t row_count, row_capacity;
} pair;

typedef struct row {
    size_t begin; /* in `symbols` */
    uint32_t length;
    uint64_t times;
} row;

typedef struct entry {
    uint64_t count;
    uint32_t pair;
} entry;

typedef struct merger {
    const sbj_alloc *alloc;
    sbj_word_table *pieces;
    uint64_t least;
    uint32_t *symbols; /* the pieces of all rows */
    size_t symbol_count, symbol_capacity;
    row *rows;
    size_t row_count, row_capacity;
    pair *pairs;
    size_t pair_count, pair_capacity;
    uint32_t *slots; /* pairs by hash; at most half of them taken */
    size_t slot_count;
    entry *heap;
    size_t heap_count, heap_capacity;
    uint32_t *risen; /* pairs that rose in this round */
    size_t risen_count, risen_capacity;
    uint32_t round;
    sbj_strbuf text; /* of a new piece */
    bool failed;     /* no memory: counts are no longer right */
} merger;

static const uint32_t FREE = UINT32_MAX;

/* ---- Pairs by their pieces ---- */

static uint32_t *slot_of(const merger *m, uint32_t first, uint32_t second)
{
    const uint64_t hash = ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15u;
    size_t i = (size_t)(hash >> 32) & (m->slot_count - 1);
    for (;; i = (i + 1) & (m->slot_count - 1)) {
        uint32_t number = m->slots[i];
        if (number == FREE || (m->pairs[number].first == first && m->pairs[number].second == second))
            return &m->slots[i];
    }
}

static bool grow_slots(merger *m)
{
    size_t wanted = m->slot_count == 0 ? 64 : 2 * m->slot_count;
    uint32_t *slots = sbj_new_raw(m->alloc, wanted, sizeof *slots);
    if (slots == NULL)
        return false;
    memset(slots, 0xFF, wanted * sizeof *slots);
    sbj_free(m->alloc, m->slots);
    m->slots = slots;
    m->slot_count = wanted;
    for (size_t i = 0; i < m->pair_count; i++)
        *slot_of(m, m->pairs[i].first, m->pairs[i].second) = (uint32_t)i;
    return true;
}

/* The pair, made if it is new; NULL: no memory. */
static pair *pair_of(merger *m, uint32_t first, uint32_t second)
{
    if (m->pair_count >= m->slot_count / 2 && !grow_slots(m))
        return NULL;
    uint32_t *slot = slot_of(m, first, second);
    if (*slot != FREE)
        return &m->pairs[*slot];
    if (m->pair_count >= FREE ||
        !sbj_grow(m->alloc, (void **)&m->pairs, &m->pair_capacity, m->pair_count, m->pair_count + 1, sizeof *m->pairs))
        return NULL;
    *slot = (uint32_t)m->pair_count;
    m->pairs[m->pair_count] = (pair){.first = first, .second = second};
    return &m->pairs[m->pair_count++];
}

static bool append(merger *m, uint32_t **items, size_t *count, size_t *capacity, uint32_t value)
{
    if (!sbj_grow(m->alloc, (void **)items, capacity, *count, *count + 1, sizeof **items))
        return false;
    (*items)[(*count)++] = value;
    return true;
}

/* The pair occurs in this row, once more than it did. */
static void raise_pair(merger *m, uint32_t first, uint32_t second, uint32_t where)
{
    pair *p = pair_of(m, first, second);
    if (p == NULL) {
        m->failed = true;
        return;
    }
    p->count += m->rows[where].times;
    if ((p->row_count == 0 || p->rows[p->row_count - 1] != where) &&
        !append(m, &p->rows, &p->row_count, &p->row_capacity, where))
        m->failed = true;
    if (p->round != m->round && !append(m, &m->risen, &m->risen_count, &m->risen_capacity, (uint32_t)(p - m->pairs)))
        m->failed = true;
    p->round = m->round;
}

static void lower_pair(merger *m, uint32_t first, uint32_t second, uint32_t where)
{
    m->pairs[*slot_of(m, first, second)].count -= m->rows[where].times;
}

/* ---- The heap: the most frequent pair on top, the smaller one of equals ---- */

static bool is_above(const merger *m, const entry *a, const entry *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    const pair *p = &m->pairs[a->pair], *q = &m->pairs[b->pair];
    int order = p->first == q->first ? 0
                                     : sbj_span_compare(sbj_word_table_text(m->pieces, p->first),
                                                        sbj_word_table_text(m->pieces, q->first));
    if (order == 0 && p->second != q->second)
        order = sbj_span_compare(sbj_word_table_text(m->pieces, p->second), sbj_word_table_text(m->pieces, q->second));
    return order < 0;
}

static void push(merger *m, uint32_t number)
{
    const entry new = {m->pairs[number].count, number};
    if (new.count < m->least)
        return;
    if (!sbj_grow(m->alloc, (void **)&m->heap, &m->heap_capacity, m->heap_count, m->heap_count + 1, sizeof new)) {
        m->failed = true;
        return;
    }
    size_t at = m->heap_count++;
    for (size_t up; at > 0 && is_above(m, &new, &m->heap[up = (at - 1) / 2]); at = up)
        m->heap[at] = m->heap[up];
    m->heap[at] = new;
}

static entry pop(merger *m)
{
    const entry top = m->heap[0], last = m->heap[--m->heap_count];
    size_t at = 0, down;
    while ((down = 2 * at + 1) < m->heap_count) {
        if (down + 1 < m->heap_count && is_above(m, &m->heap[down + 1], &m->heap[down]))
            down++;
        if (!is_above(m, &m->heap[down], &last))
            break;
        m->heap[at] = m->heap[down];
        at = down;
    }
    m->heap[at] = last;
    return top;
}

/* Ends a round: counts have settled, and those that rose go into the heap. */
static void push_risen(merger *m)
{
    for (size_t i = 0; i < m->risen_count && !m->failed; i++)
        push(m, m->risen[i]);
    m->risen_count = 0;
    m->round++;
}

/* The most frequent pair of all; false: none occurs often enough. */
static bool next_pair(merger *m, uint32_t *number)
{
    while (m->heap_count > 0 && !m->failed) {
        entry top = pop(m);
        *number = top.pair;
        if (m->pairs[top.pair].count == top.count)
            return true;
        push(m, top.pair); /* it has fallen since */
    }
    return false;
}

/* ---- Words ---- */

static bool take_symbol(void *context, sbj_span piece)
{
    merger *m = context;
    uint32_t number = sbj_word_table_find(m->pieces, piece);
    if (number == SBJ_NO_WORD)
        return false;
    if (!append(m, &m->symbols, &m->symbol_count, &m->symbol_capacity, number))
        m->failed = true;
    return !m->failed;
}

static void add_word(merger *m, sbj_span word, uint64_t times, uint64_t *known)
{
    const size_t begin = m->symbol_count;
    if (!sbj_alphabet_pieces(word, take_symbol, m)) {
        m->symbol_count = begin; /* a character is not in the alphabet: the word will be [UNK] */
        return;
    }
    *known += times;
    if (m->row_count >= UINT32_MAX ||
        !sbj_grow(m->alloc, (void **)&m->rows, &m->row_capacity, m->row_count, m->row_count + 1, sizeof *m->rows)) {
        m->failed = true;
        return;
    }
    const uint32_t where = (uint32_t)m->row_count;
    m->rows[m->row_count++] = (row){begin, (uint32_t)(m->symbol_count - begin), times};
    for (size_t i = begin; i + 1 < m->symbol_count && !m->failed; i++)
        raise_pair(m, m->symbols[i], m->symbols[i + 1], where);
}

/* ---- Merging ---- */

/* Every place of the pair in this row becomes one piece, from left to right. */
static void merge_in_row(merger *m, uint32_t where, uint32_t first, uint32_t second, uint32_t merged)
{
    uint32_t *symbols = m->symbols + m->rows[where].begin;
    const uint32_t length = m->rows[where].length;
    uint32_t kept = 0, i = 0;
    while (i < length && !m->failed) {
        if (i + 1 == length || symbols[i] != first || symbols[i + 1] != second) {
            symbols[kept++] = symbols[i++];
            continue;
        }
        lower_pair(m, first, second, where);
        if (kept > 0) {
            lower_pair(m, symbols[kept - 1], first, where);
            raise_pair(m, symbols[kept - 1], merged, where);
        }
        if (i + 2 < length) {
            lower_pair(m, second, symbols[i + 2], where);
            raise_pair(m, merged, symbols[i + 2], where);
        }
        symbols[kept++] = merged;
        i += 2;
    }
    m->rows[where].length = kept;
}

static uint32_t merged_piece(merger *m, uint32_t first, uint32_t second)
{
    sbj_span rest = sbj_word_table_text(m->pieces, second), start = sbj_word_table_text(m->pieces, first);
    sbj_strbuf_clear(&m->text);
    sbj_strbuf_bytes(&m->text, start.text, start.length);
    sbj_strbuf_bytes(&m->text, rest.text + REST, rest.length - REST);
    if (m->text.failed)
        return SBJ_NO_WORD;
    return sbj_word_table_add(m->pieces, (sbj_span){m->text.text, m->text.length}, 0);
}

static void merge_pair(merger *m, uint32_t number)
{
    const pair chosen = m->pairs[number];
    const uint32_t merged = merged_piece(m, chosen.first, chosen.second);
    /* The list is taken off the pair: the pair may come up again, from other pieces. */
    m->pairs[number].rows = NULL;
    m->pairs[number].row_count = m->pairs[number].row_capacity = 0;
    if (merged == SBJ_NO_WORD)
        m->failed = true;
    for (size_t i = 0; i < chosen.row_count && !m->failed; i++)
        merge_in_row(m, chosen.rows[i], chosen.first, chosen.second, merged);
    sbj_free(m->alloc, chosen.rows);
    push_risen(m);
}

static void free_merger(merger *m)
{
    for (size_t i = 0; i < m->pair_count; i++)
        sbj_free(m->alloc, m->pairs[i].rows);
    sbj_free(m->alloc, m->pairs);
    sbj_free(m->alloc, m->slots);
    sbj_free(m->alloc, m->symbols);
    sbj_free(m->alloc, m->rows);
    sbj_free(m->alloc, m->heap);
    sbj_free(m->alloc, m->risen);
    sbj_strbuf_free(&m->text);
}

sbertja_status sbj_merge_pieces(const sbj_word_table *words, size_t most, uint64_t least, sbj_word_table *pieces,
                                uint64_t *known, sbertja_error *error)
{
    merger m = {.alloc = words->alloc, .pieces = pieces, .least = least, .round = 1, .text = SBJ_STRBUF(words->alloc)};
    uint32_t number;
    *known = 0;
    for (size_t i = 0; i < words->count && !m.failed; i++)
        add_word(&m, sbj_word_table_text(words, i), words->words[i].count, known);
    push_risen(&m);
    while (!m.failed && pieces->count < most && next_pair(&m, &number))
        merge_pair(&m, number);
    const sbertja_status status = m.failed ? sbj_no_memory(error, m.pair_count * sizeof *m.pairs) : SBERTJA_OK;
    free_merger(&m);
    return status;
}
