/* See checkpoint_compare.h. */
#include "train/checkpoint_compare.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "util/hash.h"

static void put_hash(sbj_json_tree *t, cJSON *object, const char *key, uint64_t h)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)h);
    sbj_json_put(t, object, key, cJSON_CreateString(text));
}

/* Of the texts themselves: with another dictionary the same ones have other tokens. */
static uint64_t hash_texts(const sbj_dataset *d)
{
    uint64_t h = SBJ_HASH_START;
    for (size_t i = 0; i < d->examples * d->groups; i++) {
        const uint64_t length = d->lengths[i];
        h = sbj_hash(sbj_hash(h, &length, sizeof length), d->texts[i], d->lengths[i]);
    }
    return h;
}

/* With a hash of all that its data are, so that a checkpoint of other data is not taken for this one's. */
static void put_goal(sbj_json_tree *t, cJSON *list, const sbj_goal *goal)
{
    const sbj_dataset *d = goal->dataset;
    uint64_t h = SBJ_HASH_START;
    for (size_t i = 0; i < d->examples * d->groups; i++)
        h = sbj_hash(h, goal->tokens.ids[i], goal->tokens.counts[i] * sizeof(int32_t));
    h = sbj_hash(h, d->labels, d->examples * sizeof *d->labels);
    if (goal->sampler.text_numbers != NULL) /* texts of the same tokens may differ, and make other batches */
        h = sbj_hash(h, goal->sampler.text_numbers, d->examples * d->groups * sizeof *goal->sampler.text_numbers);
    cJSON *o = sbj_json_put(t, list, NULL, cJSON_CreateObject());
    sbj_json_put(t, o, "loss", cJSON_CreateNumber(goal->loss.loss));
    sbj_json_put(t, o, "metric", cJSON_CreateNumber(goal->loss.metric));
    sbj_json_put(t, o, "margin", cJSON_CreateNumber(goal->loss.margin));
    sbj_json_put(t, o, "scale", cJSON_CreateNumber(goal->loss.scale));
    sbj_json_put(t, o, "batch_size", cJSON_CreateNumber((double)goal->sampler.batch_size));
    sbj_json_put(t, o, "samples_per_label", cJSON_CreateNumber((double)goal->sampler.per_label));
    sbj_json_put(t, o, "shuffle", cJSON_CreateBool(goal->sampler.shuffle));
    sbj_json_put(t, o, "no_duplicates", cJSON_CreateBool(goal->sampler.text_numbers != NULL));
    sbj_json_put(t, o, "batch_tokens", cJSON_CreateNumber(goal->sampler.tokens == NULL ? 0 : (double)goal->sampler.batch_tokens));
    sbj_json_put(t, o, "examples", cJSON_CreateNumber((double)d->examples));
    put_hash(t, o, "data", h);
    put_hash(t, o, "texts", hash_texts(d));
    sbj_json_put(t, o, "similarity_weight", cJSON_CreateNumber(goal->loss.similarity));
}

/* The shapes of the parameters and all that does not show in them. */
static uint64_t hash_network(const sbj_network *n)
{
    const sbj_config *c = &n->config;
    const double numbers[] = {(double)c->heads, (double)c->activation, c->eps, c->hidden_dropout, c->attention_dropout};
    uint64_t h = sbj_hash(SBJ_HASH_START, numbers, sizeof numbers);
    for (size_t i = 0; i < n->parameter_count; i++) {
        const sbj_parameter *p = &n->parameters[i];
        const uint64_t shape[] = {p->rows, p->columns};
        h = sbj_hash(h, p->name, strlen(p->name));
        h = sbj_hash(h, shape, sizeof shape);
    }
    for (size_t i = 0; i < n->module_count; i++) {
        const sbj_module *m = &n->modules[i];
        const uint32_t kind[] = {(uint32_t)m->kind, (uint32_t)m->activation};
        h = sbj_hash(h, kind, sizeof kind);
        h = sbj_hash(h, m->modes, m->mode_count * sizeof *m->modes);
    }
    return h;
}

void sbj_put_configuration(sbj_json_tree *t, cJSON *c, const sbj_trainer *trainer, const sbj_progress_state *state)
{
    const sbj_network *n = &trainer->model->network;
    sbj_json_put(t, c, "device", cJSON_CreateString(trainer->model->backend->table->name));
    put_hash(t, c, "network", hash_network(n));
    sbj_json_put(t, c, "parameters", cJSON_CreateNumber((double)n->arena_size));
    sbj_json_put(t, c, "steps", cJSON_CreateNumber((double)state->total));
    sbj_json_put(t, c, "scheduler", cJSON_CreateString(sbj_schedule_name(trainer->schedule)));
    sbj_json_put(t, c, "warmup_steps", cJSON_CreateNumber((double)trainer->warmup_steps));
    sbj_json_put(t, c, "learning_rate", cJSON_CreateNumber(trainer->learning_rate));
    sbj_json_put(t, c, "preset", cJSON_CreateString(trainer->correct_bias ? "torch" : "st-0.4.1"));
    sbj_json_put(t, c, "beta1", cJSON_CreateNumber(trainer->beta1));
    sbj_json_put(t, c, "beta2", cJSON_CreateNumber(trainer->beta2));
    sbj_json_put(t, c, "epsilon", cJSON_CreateNumber(trainer->epsilon));
    sbj_json_put(t, c, "weight_decay", cJSON_CreateNumber(trainer->weight_decay));
    sbj_json_put(t, c, "max_grad_norm", cJSON_CreateNumber(trainer->max_grad_norm));
    sbj_json_put(t, c, "dropout", cJSON_CreateBool(trainer->dropout));
    sbj_json_put(t, c, "gradient_accumulation_steps", cJSON_CreateNumber((double)trainer->accumulation));
    sbj_json_put(t, c, "precision", cJSON_CreateString(sbj_precision_name(trainer->precision)));
    put_hash(t, c, "seed", trainer->seed);
    put_hash(t, c, "teachers", sbj_teachers_hash(&trainer->teachers));
    cJSON *goals = sbj_json_put(t, c, "objectives", cJSON_CreateArray());
    for (size_t i = 0; i < trainer->goal_count; i++)
        put_goal(t, goals, &trainer->goals[i]);
}

void sbj_put_environment(sbj_json_tree *t, cJSON *e, const sbj_trainer *trainer)
{
    const sbj_model *model = trainer->model;
    const sbj_backend_table *table = model->backend->table;
    const char *engine = table->engine(model->backend);
    sbj_json_put(t, e, "version", cJSON_CreateString(SBERTJA_VERSION));
    sbj_json_put(t, e, "instructions", cJSON_CreateString(table->instructions(model->backend)));
    sbj_json_put(t, e, "engine", cJSON_CreateString(engine));
    sbj_json_put(t, e, "dictionary", cJSON_CreateString(sbj_tokenizer_dictionary_fingerprint(model->tokenizer)));
    /* OpenBLAS takes other kernels for other shares of a product; all else has the same bits for any number of threads. */
    if (strncmp(engine, "openblas", 8) == 0)
        sbj_json_put(t, e, "threads", cJSON_CreateNumber(sbj_pool_threads(trainer->pool)));
}

/* ---- Comparing ---- */

typedef struct comparison {
    sbj_strbuf training, environment; /* what differs: "key: theirs, here ours" */
    bool known; /* whether the checkpoint has an environment */
    bool other_dictionary;
} comparison;

static void add_value(sbj_strbuf *text, const cJSON *value, const char *none)
{
    char *print = value != NULL ? cJSON_PrintUnformatted(value) : NULL;
    if (print == NULL && value != NULL)
        text->failed = true;
    else
        sbj_strbuf_format(text, "%.80s", print != NULL ? print : none);
    cJSON_free(print);
}

static void add_difference(sbj_strbuf *text, const char *prefix, const char *key, const cJSON *ours, const cJSON *theirs)
{
    sbj_strbuf_format(text, "%s%s%s: ", text->length > 0 ? "; " : "", prefix, key);
    add_value(text, theirs, "nothing");
    sbj_strbuf_text(text, ", here ");
    add_value(text, ours, "nothing");
}

/* Whether a difference in the configuration comes from the environment. */
static bool is_environment(const comparison *c, const char *key)
{
    return strcmp(key, "device") == 0 || strcmp(key, "precision") == 0 ||
           (strcmp(key, "data") == 0 && c->other_dictionary);
}

static void compare_objects(comparison *c, const char *prefix, const cJSON *ours, const cJSON *theirs, bool environment)
{
    for (const cJSON *item = ours->child; item != NULL; item = item->next) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(theirs, item->string);
        if (cJSON_Compare(item, other, true) || (other == NULL && strcmp(item->string, "texts") == 0))
            continue; /* checkpoints of earlier versions do not have it */
        if (!cJSON_IsArray(item) || !cJSON_IsArray(other) || cJSON_GetArraySize(item) != cJSON_GetArraySize(other)) {
            add_difference(environment || is_environment(c, item->string) ? &c->environment : &c->training, prefix,
                           item->string, item, other);
            continue;
        }
        for (int i = 0; i < cJSON_GetArraySize(item); i++) {
            char inner[60];
            snprintf(inner, sizeof inner, "%s: %d: ", item->string, i);
            compare_objects(c, inner, cJSON_GetArrayItem(item, i), cJSON_GetArrayItem(other, i), environment);
        }
    }
}

static void compare_all(comparison *c, const cJSON *ours, const cJSON *here, const cJSON *json)
{
    const cJSON *environment = cJSON_GetObjectItemCaseSensitive(json, "environment");
    c->known = cJSON_IsObject(environment);
    c->other_dictionary = c->known && !cJSON_Compare(cJSON_GetObjectItemCaseSensitive(here, "dictionary"),
                                                     cJSON_GetObjectItemCaseSensitive(environment, "dictionary"), true);
    compare_objects(c, "", ours, cJSON_GetObjectItemCaseSensitive(json, "configuration"), false);
    if (c->known) /* the threads are there with one engine only, whose name says more */
        compare_objects(c, "", here, environment, true);
}

static sbertja_status judge(const comparison *c, const sbj_trainer *t, const char *name, bool any,
                            sbertja_error *error)
{
    if (c->training.failed || c->environment.failed)
        return sbj_no_memory(error, 0);
    if (c->training.length > 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: a checkpoint of another training: %s", name, c->training.text);
    if (c->environment.length > 0 && !any)
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "%s: a checkpoint of another training: %s: the result would differ in the last bits; resume "
                        "\"any\" (--resume=any) goes on all the same",
                        name, c->environment.text);
    if (c->environment.length > 0)
        sbj_say(&t->log, SBERTJA_LOG_WARNING, "%s: resumed in another environment, the last bits may differ: %s", name,
                c->environment.text);
    else if (!c->known)
        sbj_say(&t->log, SBERTJA_LOG_WARNING,
                "%s: does not say which version, engine, instruction set and dictionary wrote it: if they are not these, "
                "the result differs in the last bits",
                name);
    return SBERTJA_OK;
}

sbertja_status sbj_compare_checkpoint(const sbj_trainer *t, const sbj_progress_state *state, const sbj_json *json,
                                      bool any, sbertja_error *error)
{
    sbj_json_tree ours = sbj_json_begin(cJSON_CreateObject()), here = sbj_json_begin(cJSON_CreateObject());
    comparison c = {.training = SBJ_STRBUF(&t->alloc), .environment = SBJ_STRBUF(&t->alloc)};
    sbj_put_configuration(&ours, ours.root, t, state);
    sbj_put_environment(&here, here.root, t);
    sbertja_status status = ours.failed || here.failed ? sbj_no_memory(error, 0) : SBERTJA_OK;
    if (status == SBERTJA_OK) {
        compare_all(&c, ours.root, here.root, json->root);
        status = judge(&c, t, json->name, any, error);
    }
    sbj_strbuf_free(&c.training);
    sbj_strbuf_free(&c.environment);
    sbj_json_tree_free(&ours);
    sbj_json_tree_free(&here);
    return status;
}
