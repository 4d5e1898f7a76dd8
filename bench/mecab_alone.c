/* MeCab by itself. The build names the DICTIONARY. */
#include "mecab_alone.h"

#include "workload.h"

void mecab_alone_open(mecab_alone *mecab)
{
    char *arguments[] = {"mecab", "-d", DICTIONARY, "-r", "/dev/null"};
    *mecab = (mecab_alone){.model = mecab_model_new(sizeof arguments / sizeof *arguments, arguments)};
    if (mecab->model == NULL)
        give_up(DICTIONARY, "MeCab cannot open it");
    mecab->tagger = mecab_model_new_tagger(mecab->model);
    mecab->lattice = mecab_model_new_lattice(mecab->model);
}

void mecab_alone_parse(mecab_alone *mecab, const char *text)
{
    mecab_lattice_set_sentence(mecab->lattice, text);
    if (!mecab_parse_lattice(mecab->tagger, mecab->lattice))
        give_up(text, "MeCab cannot parse it");
    const mecab_node_t *node = mecab_lattice_get_bos_node(mecab->lattice)->next;
    for (; node != NULL && node->stat != MECAB_EOS_NODE; node = node->next)
        mecab->words++;
    mecab->texts++;
}

void mecab_alone_close(mecab_alone *mecab)
{
    mecab_lattice_destroy(mecab->lattice);
    mecab_destroy(mecab->tagger);
    mecab_model_destroy(mecab->model);
}
