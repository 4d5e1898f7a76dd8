/* The command and the examples, as a user runs them: what is typed, what is printed, what the exit status is. Run from the
 * top of the tree; the programs are looked for in $BUILD (build). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"
#include "support/temporary.h"

enum { ROOM = 1 << 16 };

typedef struct ran {
    int status;
    char out[ROOM], err[ROOM];
} ran;

static void read_all(const char *path, char *text)
{
    FILE *file = fopen(path, "r");
    ck_assert(file != NULL);
    text[fread(text, 1, ROOM - 1, file)] = '\0';
    fclose(file);
}

/* Runs a shell line in which $S is the command, $E the examples' folder, $T a temporary folder, $D tests/data/tiny. */
static void run(const char *line, ran *r)
{
    char shell[8192];
    const char *build = getenv("BUILD");
    snprintf(shell, sizeof shell, "S=%1$s/bin/sbertja E=%1$s/examples T=%2$s D=tests/data/tiny R=examples/report; "
             "{ %3$s ; } >$T/.out 2>$T/.err", build ? build : "build", temporary_path(""), line);
    const int status = system(shell);
    r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_all(temporary_path(".out"), r->out);
    read_all(temporary_path(".err"), r->err);
}

/* A copy of the command that has no default model. */
#define INSTALL                                                                                                        \
    "mkdir -p $T/p/bin $T/p/lib $T/p/share/sbertja && cp $S $T/p/bin && cp ${S%bin/sbertja}lib/libsbertja.so.0 $T/p/lib; "
/* And one that has, found as any other command is. */
#define INSTALL_MODEL INSTALL "cp -r $D/model $T/p/share/sbertja/default; PATH=$T/p/bin:$PATH; "
/* A table of pairs with scores. */
#define PAIRS "printf 'sentence1\\tsentence2\\tscore\\nあ\\tあ\\t5\\nあ\\t水\\t1\\n水\\t火が\\t2\\n' >$T/t.tsv; "
/* What goes before a line that must not find a model: nothing, unless one is where the build says. */
#define UNLESS_INSTALLED "test -e " SBERTJA_DATADIR "/sbertja/default && "

/* ---- Calls that succeed: what must be on standard output; standard error is empty unless `err` says what it has ---- */

static const struct {
    const char *name, *line, *out;
} good[] = {
    {"version", "$S --version", "sbertja 0.1.0\n"},
    {"help", "$S --help", "  encode     compute sentence vectors\n"},
    {"help of one", "$S encode --help", "--batch-tokens"},
    {"info of the machine", "$S info", "engines"},
    {"info of a model", "$S info $D/model", "wordpiece"},
    {"info of the default model", INSTALL_MODEL "sbertja info | grep '^model '", "/p/share/sbertja/default\n"},
    {"info without a default model",
     INSTALL "m='no default model is installed'; { " UNLESS_INSTALLED "echo \"$m\"; } || $T/p/bin/sbertja info | grep \"$m\"",
     "no default model is installed\n"},
    {"tokenize", "printf '冷却水が漏れた。\\n' | $S tokenize -m $D/model", "{\"text\": \"冷却水が漏れた。\", \"tokens\": ["},
    {"tokenize needs no weights", "printf 'あ\\n' | $S tokenize -m $D/tokenizer.mecab_ipadic_wordpiece -", "\"ids\": [2, "},
    {"a training records its dictionary, and info shows it",
     "$S train -m $D/model --data $R/test.tsv -o $T/o 2>$T/e && $S info $T/o | grep -o 'dictionary_fingerprint.*' | uniq | "
     "wc -l", "1\n"},
    {"the log says which dictionary is meant, and --dictionary decides",
     "cp -r $D/tokenizer.mecab_ipadic_wordpiece $T/m; sed -i '/mecab_kwargs/,/}/d; /backend/d' $T/m/tokenizer_config.json; "
     "echo 水 | $S tokenize -m $T/m 2>$T/e >$T/x; echo 水 | $S tokenize -m $T/m --dictionary ipadic 2>$T/f | cmp - $T/x; "
     "grep -c 'ipadic is used' $T/e; wc -c <$T/f", "1\n0\n"},
    {"a vocabulary, and a model for it",
     "cut -f 1 $R/train.tsv | $S vocab --entries 1600 -o $T/v 2>$T/e && grep -q 'merges$' $T/e && $S new --vocab $T/v "
     "--layers 1 --hidden 8 --heads 1 --intermediate 8 -o $T/m && head -5 $T/v | tr '\\n' ' '; wc -l <$T/v",
     "[PAD] [UNK] [CLS] [SEP] [MASK] 1600\n"},
    {"a vocabulary from several files",
     "head -99 $R/train.tsv >$T/x; tail -n +100 $R/train.tsv >$T/y; $S vocab $T/y $T/x -o $T/v 2>$T/e; "
     "$S vocab -o $T/w <$R/train.tsv 2>>$T/e; cmp $T/v $T/w && echo same", "same\n"},
    {"encode as JSON lines", "printf 'あ\\n' | $S encode -m $D/model", "{\"text\": \"あ\", \"vector\": ["},
    {"the default model is that of the installation, from any folder",
     "printf '水\n火\n' >$T/x; $S encode -m $D/model $T/x >$T/1; " INSTALL_MODEL
     "cd /; sbertja encode $T/x | cmp - $T/1 && echo same", "same\n"},
    {"the default model, by a link to the command",
     INSTALL_MODEL "ln -s $T/p/bin/sbertja $T/s; echo あ | $T/s encode --format tsv | wc -l", "1\n"},
    {"tokenize by the default model", INSTALL_MODEL "echo あ | sbertja tokenize", "\"ids\": [2, "},
    {"search with the default model",
     "printf '水\n火\n' >$T/x; " INSTALL_MODEL "sbertja search --corpus $T/x --query 火 -k 1 | cut -f1,2,3", "1\t1.0000\t2\n"},
    {"eval of the default model",
     "printf 'anchor\tpositive\tnegative\nあ\tあ\tい\n' >$T/t.tsv; " INSTALL_MODEL "sbertja eval --task triplet $T/t.tsv",
     "accuracy_cosine\t1.0000\n"},
    {"train the default model",
     INSTALL_MODEL "sbertja train --data $R/test.tsv -o $T/o 2>$T/e && sbertja info $T/o", "wordpiece"},
    {"distill into the default model",
     "printf '水\n火\n' >$T/x; $S encode -m $D/model $T/x -o $T/x.npy; " INSTALL_MODEL
     "sbertja distill $T/x $T/x.npy --steps 1 -o $T/o 2>$T/e && sbertja info $T/o", "wordpiece"},
    {"distill says its loss", "printf '水\n火\n' >$T/x; $S encode -m $D/model $T/x -o $T/x.npy; "
     "$S distill -m $D/model $T/x $T/x.npy --steps 2 -o $T/o 2>/dev/null | grep '^loss'", "loss\t"},
    {"distill scores the last step once",
     "printf '水\\n火\\n' >$T/x; $S encode -m $D/model $T/x -o $T/x.npy; " PAIRS
     "$S distill -m $D/model $T/x $T/x.npy --steps 2 --eval $T/t.tsv --evaluation-steps 1 -o $T/o 2>&1 | grep -c Spearman",
     "2\n"},
    {"distill scores the last step where a whole pass has another number",
     "printf '水\\n火\\n' >$T/x; $S encode -m $D/model $T/x -o $T/x.npy; " PAIRS
     "$S distill -m $D/model $T/x $T/x.npy --steps 0 --eval $T/t.tsv --evaluation-steps 3 -o $T/o 2>&1 | grep -c 'the end'",
     "1\n"},
    {"blanks belong to the text", "printf ' あ \\t\\n' | $S tokenize -m $D/model", "{\"text\": \" あ \\t\""},
    {"an empty line is an empty text", "printf '\\nあ' | $S encode -m $D/model --format tsv | wc -l", "2\n"},
    {"encode to a NumPy file", "printf 'あ\\nい\\n' | $S encode -m $D/model -o $T/v.npy && wc -c <$T/v.npy", "512\n"},
    {"encode from a file, normalized", "$S encode -m $D/model --normalize --format tsv $D/../vocab.txt | wc -l",
     "1532\n"},
    {"tokens and ids as PyTorch's tokenizer has them",
     "sed 's/^{\"text\": \"\\(.*\\)\", \"tokens\".*/\\1/' $D/tokens.basic_wordpiece.jsonl | grep -v '\\\\' >$T/x; "
     "grep -v '\\\\' $D/tokens.basic_wordpiece.jsonl >$T/y; "
     "$S tokenize -m $D/tokenizer.basic_wordpiece $T/x | cmp - $T/y && echo same",
     "same\n"},
    {"quotes, backslashes and control characters in JSON",
     "printf 'a\"\\\\b\\t\\001\\rc\\n' | $S tokenize -m $D/model", "{\"text\": \"a\\\"\\\\b\\t\\u0001\\rc\""},
    {"[PAD] in another place",
     "(grep -v PAD tests/data/vocab.txt; echo '[PAD]') >$T/v; $S new --vocab $T/v --layers 1 --hidden 8 --heads 1 -o $T/o && "
     "echo $(($(wc -l <$T/v) - $(sed -n 's/.*pad_token_id\": \\([0-9]*\\),/\\1/p' $T/o/config.json)))", "1\n"},
    {"a note beside a model stays",
     "cp -r $D/model $T/m; echo hi >$T/m/NOTE; $S convert $D/model $T/m && cat $T/m/NOTE", "hi\n"},
    {"a byte order mark and carriage returns before line feeds are no text",
     "printf '\\357\\273\\277水\\r\\n火\\r\\n' | $S tokenize -m $D/model >$T/x; "
     "printf '水\\n火\\n' | $S tokenize -m $D/model | cmp - $T/x && echo same",
     "same\n"},
    {"JSON and TSV have the same numbers",
     "printf '水\n火\n' >$T/x; $S encode -m $D/model $T/x -o $T/x.jsonl && $S encode -m $D/model $T/x -o $T/x.tsv && "
     "sed 's/.*\\[//; s/]}//; s/, /\\t/g' $T/x.jsonl | cmp - $T/x.tsv && echo same",
     "same\n"},
    {"nothing in, nothing out", "$S encode -m $D/model </dev/null | wc -c", "0\n"},
    {"nothing in, an array without rows out",
     "$S encode -m $D/model -o $T/v.npy </dev/null && grep -ao '(0, 48)' $T/v.npy", "(0, 48)\n"},
    {"options with =, short ones without blank, -- before arguments",
     "printf '水\n火\n' >$T/--x; cd $T; $OLDPWD/$S search -m$OLDPWD/$D/model --corpus=--x -k1 -- --x | cut -f1,2,4",
     "1\t1\t1\n2\t1\t2\n"},
    {"a device is written to, not replaced",
     "printf '水\n' | $S encode -m $D/model -o /dev/null --format tsv && test -c /dev/null && echo device", "device\n"},
    {"a reader that closes its pipe", "$S search -m $D/model --corpus $D/../vocab.txt -k 1500 $R/test.tsv | head -c 4", "1\t1\t"},
    {"an empty query", "$S search -m $D/model --corpus $D/../vocab.txt -k 1 --query '' | cut -f1", "1\n"},
    {"search for more than there is", "printf '水\n' >$T/x; $S search -m $D/model --corpus $T/x -k 9 --query 火 | cut -f1,3",
     "1\t1\n"},
    {"info as JSON", "$S info --json $D/model", "\"devices\": \"cpu ref\""},
    {"help names every default", "$S train --help", "sentences of one label that stand together; 0: shuffled [2]\n"},
    {"search", "cut -f1 $R/train.tsv >$T/c && $S search -m $D/model --corpus $T/c --query '水が漏れた。' -k 2 | cut -f1",
     "1\n2\n"},
    {"eval classify",
     "$S eval -m $D/model --task classify --train $R/train.tsv --text text --label label $R/test.tsv | cut -f1",
     "centroid_accuracy\n"},
    {"eval classify by a rule, on tokens, from a spreadsheet",
     "$S eval -m $D/model --task classify --train $R/report.xlsx --text tokens --label cause=1:1,effect=1:2,else:0 "
     "$R/test.tsv",
     "neighbours_macro_f1\t0."},
    {"eval sts",
     "printf 'sentence1\\tsentence2\\tscore\\nあ\\tい\\t1\\nう\\tう\\t5\\nえ\\tお\\t2.5\\n' >$T/s.tsv && "
     "$S eval -m $D/model --task sts $T/s.tsv",
     "spearman_cosine\t0.5000\n"},
    {"eval triplet",
     "printf 'anchor\\tpositive\\tnegative\\nあ\\tあ\\tい\\n' >$T/t.tsv && $S eval -m $D/model --task triplet $T/t.tsv",
     "accuracy_cosine\t1.0000\n"},
    {"eval search",
     "printf 'id\\ttext\\n7\\t水\\n8\\t火事だ\\n' >$T/p.tsv && printf 'question\\tpassage_id\\n水\\t7\\n' >$T/q.tsv && "
     "$S eval -m $D/model --task search --corpus $T/p.tsv $T/q.tsv",
     "mrr@10\t1.0000\n"},
    {"convert to half the size, in place",
     "$S convert $D/model $T/h --dtype f16 && $S convert $T/h $T/h --dtype bf16 && "
     "test $(wc -c <$T/h/model.safetensors) -lt 300000 && echo small",
     "small\n"},
    {"convert to int8: packed for this machine, the weights as they were",
     "$S convert $D/model $T/p --dtype int8 && cmp $T/p/model.safetensors $D/model/model.safetensors; ls $T/p/packed-int8-*-3.bin && "
     "printf 'あ\n水\n' >$T/x; $S encode -m $T/p --precision int8 $T/x >$T/1; "
     "$S encode -m $D/model --precision int8 $T/x >$T/2; cmp $T/1 $T/2 && echo same",
     "same\n"},
    {"a precision is told of", "$S info $D/model --precision=bf16 | grep precision", "bf16\n"},
    {"search and eval in int8",
     "printf 'あ\n水\n' >$T/x; $S search -m $D/model --corpus $T/x --query 水 -k 1 --precision int8 | cut -f1,4 && "
     "printf 'anchor\\tpositive\\tnegative\\nあ\\tあ\\tい\\n' >$T/t.tsv && "
     "$S eval -m $D/model --task triplet $T/t.tsv --precision int8",
     "accuracy_cosine\t1.0000\n"},
    {"train on triplets",
     "printf 'a\\tp\\tn\\n水\\t雨\\t火\\n火\\t炎\\t水\\n' >$T/t.tsv; "
     "$S train -m $D/model --data $T/t.tsv --loss triplet --anchor a --positive p --negative n --metric manhattan "
     "--pooling cls+max --eval $T/t.tsv -o $T/o 2>/dev/null && $S info $T/o",
     "cls, max"},
    {"train on scores, judged by their order",
     "printf 'sentence1\\tsentence2\\tscore\\n水\\t雨\\t5\\n火\\t炎\\t4\\n水\\t火\\t0\\n' >$T/s.tsv; "
     "$S train -m $D/model --data $T/s.tsv --loss cosine-similarity --max-score 5 --eval $T/s.tsv -o $T/o 2>/dev/null "
     "| cut -f1",
     "loss\nspearman_before\nspearman_after\n"},
    {"train on scores, columns named",
     "printf 'b,n,a\\n水,5,雨\\n火,0,雨\\n' >$T/s.csv; "
     "$S train -m $D/model --data $T/s.csv --loss cosent --scale 10 --text a,b --label n -o $T/o 2>&1 | "
     "grep -o '[0-9.]* % of the pairs in the wrong order' | wc -l",
     "1\n"},
    {"train on anchors, positives and two negatives",
     "printf 'q\\tp\\tn\\tm\\n水\\t雨\\t火\\t石\\n火\\t炎\\t水\\t石\\n水\\t川\\t石\\t火\\n' >$T/r.tsv; "
     "$S train -m $D/model --data $T/r.tsv --loss multiple-negatives-ranking --no-duplicates --batch-size 2 "
     "--text q,p,n,m --eval $T/r.tsv -o $T/o 2>/dev/null | cut -f1",
     "loss\naccuracy_before\naccuracy_after\n"},
    {"anchors find their own, also where two have the same",
     "printf 'anchor\\tpositive\\n水\\t水\\n火\\t火\\n水\\t水\\n' >$T/r.tsv; "
     "$S train -m $D/model --data $T/r.tsv --loss multiple-negatives-ranking --eval $T/r.tsv -o $T/o 2>/dev/null",
     "accuracy_before\t1.0000\n"},
    {"convert to the old layout and back",
     "$S convert $D/model $T/old --layout 0.4.1 && $S convert $T/old $T/new && "
     "printf 'あ\\n' | $S encode -m $T/new --format tsv >$T/1; "
     "printf 'あ\\n' | $S encode -m $D/model --format tsv >$T/2; cmp $T/1 $T/2 && echo same",
     "same\n"},
    {"new, train, and the model is better",
     "$S new --vocab tests/data/vocab.txt --layers 1 --hidden 64 --heads 2 --intermediate 128 -o $T/n && "
     "$S train -m $T/n --data $R/train.tsv --text text --label label --samples-per-label 8 --metric cosine "
     "--margin 0.2 --epochs 3 --lr 1e-3 --warmup-steps 10 --eval $R/test.tsv -o $T/t 2>/dev/null | cut -f1",
     "loss\naccuracy_before\naccuracy_after\n"},
    {"checkpoint and resume: the same model",
     "$S new --vocab tests/data/vocab.txt --layers 1 --hidden 32 --heads 2 --intermediate 64 -o $T/n; "
     "A=\"-m $T/n --data $R/test.tsv --samples-per-label 4 --batch-size 16 --epochs 2\"; "
     "$S train $A -o $T/a --checkpoint $T/ck >/dev/null 2>&1 && $S train $A -o $T/b --checkpoint $T/ck --resume "
     ">/dev/null 2>&1 && cmp $T/a/model.safetensors $T/b/model.safetensors && echo same",
     "same\n"},
    {"resume from another version's checkpoint, when asked to",
     "A=\"-m $D/model --data $R/test.tsv --samples-per-label 4 --batch-size 16 --epochs 1 --checkpoint $T/ck\"; "
     "$S train $A -o $T/a >/dev/null 2>&1; sed -i 's/\"version\": *\"[^\"]*\"/\"version\":\"0.0.1\"/' $T/ck/checkpoint.json; "
     "$S train $A -o $T/b --resume >/dev/null 2>$T/1; grep -c 'version: \"0.0.1\", here .*--resume=any' $T/1; "
     "$S train $A -o $T/c --resume=any >/dev/null 2>$T/2 && grep -c 'in another environment' $T/2; ls $T/c/modules.json",
     "1\n1\n"},
    {"example 1", "$E/01_encode -m $D/model 水 水", "1.0000  水\n"},
    {"example 2", "$E/02_train -m $D/model $R/test.tsv $T/e && ls $T/e/modules.json", "modules.json\n"},
    {"example 3", "$E/03_search -m $D/model $R/test.tsv '水が漏れた。' | wc -l", "5\n"},
    {"example 4", "$E/04_classify -m $D/model $R/train.tsv $R/test.tsv", "nearest centroid   0."},
    {"example 5", "$E/05_encode -m $D/model 水 水", "1.0000  水\n"},
};
enum { GOOD = sizeof good / sizeof *good };

START_TEST(good_calls)
{
    static ran r;
    run(good[_i].line, &r);
    ck_assert_msg(r.status == 0, "%s: status %d: %s", good[_i].name, r.status, r.err);
    ck_assert_msg(strstr(r.out, good[_i].out) != NULL, "%s: printed\n%s\nexpected\n%s", good[_i].name, r.out, good[_i].out);
    ck_assert_msg(r.err[0] == '\0', "%s: on standard error: %s", good[_i].name, r.err);
}
END_TEST

/* ---- Nonsense: one clear line on standard error, nothing on standard output ---- */

static const struct {
    const char *name, *line;
    int status;
    const char *err;
} bad[] = {
    {"no command", "$S", 2, "expected a command"},
    {"another command", "$S enclode", 2, "enclode: unknown command"},
    {"another option", "$S encode -m $D/model --fast", 2, "--fast"},
    {"an option without its value", "$S encode -m", 2, "-m"},
    {"no number", "$S encode -m $D/model --threads many", 2, "many"},
    {"no model named, and no default model",
     INSTALL UNLESS_INSTALLED "echo '(sbertja: -m DIR)' >&2 && exit 1; $T/p/bin/sbertja encode </dev/null", 1, "(sbertja: -m DIR)"},
    {"an endless line", "{ echo a; head -c 300000000 /dev/zero; } | $S tokenize -m $D/model", 1,
     "standard input: line 2: longer than 67108864 bytes"},
    {"an endless line, read in parts", "{ echo a; head -c 300000000 /dev/zero; } | $S vocab -o $T/v", 1,
     "standard input: line 2: longer than 67108864 bytes"},
    {"UTF-16", "printf '\\377\\376a\\000' | $S tokenize -m $D/model", 1,
     "standard input: begins with the byte order mark of UTF-16"},
    {"a table in UTF-16", "printf '\\376\\377' >$T/b.csv; $S train -m $D/model --data $T/b.csv "
     "-o $T/o", 1, "b.csv: begins with the byte order mark of UTF-16"},
    {"no such model", "$S encode -m $T/none </dev/null", 1, "none: no such directory"},
    {"no value wanted", "$S encode -m $D/model --normalize=1", 2, "--normalize"},
    {"a number below the least", "$S search -m $D/model --corpus x -k 0 --query a", 2, "at least 1"},
    {"no batch a step", "$S train -m $D/model --data x -o y --accumulation-steps 0", 2, "at least 1"},
    {"a number with a tail", "$S train -m $D/model --data x -o y --lr 1e-5x", 2, "1e-5x"},
    {"a precision that the engine has not", "$S info $D/model --precision int8 --engine openblas", 1,
     "precision int8: engine openblas computes in f32 only, expected packed"},
    {"no such precision", "$S encode -m $D/model --precision int4", 2, "f32|bf16|int8"},
    {"none of the choices", "$S convert $D/model $T/o --layout 3", 2, "2|0.4.1"},
    {"an argument too few", "$S convert $D/model", 2, "SRC DST"},
    {"an argument too many", "$S tokenize -m $D/model a b", 2, "\"b\""},
    {"another engine", "printf 'あ\n' | $S encode -m $D/model --engine mkl", 2, "mkl"},
    {"heads that do not divide the width", "$S new --vocab tests/data/vocab.txt --hidden 10 --heads 3 -o $T/o", 2, "10"},
    {"an output with another ending", "$S encode -m $D/model -o $T/v.txt", 2, "v.txt"},
    {"an output that cannot be", "printf 'あ\n' | $S encode -m $D/model -o $T/none/v.tsv", 1, "none/v.tsv"},
    {"a NumPy file where a device is", "printf 'あ\n' | $S encode -m $D/model -o /dev/null --format npy", 1, "/dev/null"},
    {"vectors in place of the texts",
     "printf '水\n' >$T/x; ln $T/x $T/y.tsv; $S encode -m $D/model $T/x -o $T/y.tsv; s=$?; test -s $T/x && exit $s", 2,
     "y.tsv: this is what is read"},
    {"tokens in place of the texts", "printf '水\n' >$T/x; $S tokenize -m $D/model $T/x -o $T/x", 2, "what is read"},
    {"a vocabulary in place of the texts", "printf '水\n' >$T/x; $S vocab $R/test.tsv $T/x -o $T/x", 2, "what is read"},
    {"a failed run leaves no file",
     "printf '\377\n' | $S encode -m $D/model -o $T/v.tsv; test -z \"$(ls $T)\"", 0, "line 1"},
    {"an empty corpus", "$S search -m $D/model --corpus /dev/null --query a", 1, "/dev/null"},
    {"a question about no passage",
     "printf 'id\ttext\n7\t水\n' >$T/p.tsv; printf 'question\tpassage_id\n水\t8\n' >$T/q.tsv; "
     "$S eval -m $D/model --task search --corpus $T/p.tsv $T/q.tsv", 1, "\"8\""},
    {"nothing to resume from named", "$S train -m $D/model --data x -o y --resume", 2, "--checkpoint"},
    {"resume from what", "$S train -m $D/model --data x -o y --checkpoint z --resume=all", 2, "no value or \"any\", found \"all\""},
    {"a flag with a value", "$S encode -m $D/model --normalize=1", 2, "--normalize: takes no value"},
    {"a file that may not grow so far",
     "S=$(realpath $S) D=$(realpath $D) R=$(realpath $R); cd $T; (ulimit -f 32; TMPDIR=$T $S train -m $D/model --data "
     "$R/test.tsv --samples-per-label 4 --epochs 1 -o $T/o); s=$?; test \"$(ls $T)\" || exit $s", 1, "File too large"},
    {"no such file", "$S encode -m $D/model $T/none", 1, "none"},
    {"invalid UTF-8", "printf 'あ\\n\\377\\n' | $S encode -m $D/model", 1, "2"},
    {"invalid UTF-8 for a vocabulary", "printf 'あ\\n\\377\\n' >$T/x; $S vocab $R/train.tsv $T/x -o $T/v; s=$?; "
     "test -e $T/v || exit $s", 1, "x: line 2"},
    {"no text for a vocabulary", "$S vocab -o $T/v </dev/null", 1, "0 texts"},
    {"a vocabulary that is too small", "$S vocab --entries 10 $R/train.tsv -o $T/v", 2, "single characters), found 10"},
    {"no such text", "$S vocab $T/none -o $T/v", 1, "none"},
    {"a format that needs a file", "printf 'あ\\n' | $S encode -m $D/model --format npy", 2, "-o"},
    {"no such column", "$S train -m $D/model --data $R/train.tsv --text sentence -o $T/o", 1, "sentence"},
    {"an empty table", "printf 'text\\tlabel\\n' >$T/e.tsv; $S train -m $D/model --data $T/e.tsv -o $T/o", 1, "e.tsv"},
    {"a label that is no integer",
     "printf 'text\\tlabel\\nあ\\tx\\n' >$T/l.tsv; $S train -m $D/model --data $T/l.tsv -o $T/o", 1, "line 2"},
    {"a rule that fits nothing",
     "$S train -m $D/model --data $R/train.tsv --label cause=9:1 -o $T/o", 1, "line 2"},
    {"samples that do not divide the batch",
     "$S train -m $D/model --data $R/train.tsv --samples-per-label 5 -o $T/o", 2, "samples_per_label: 5"},
    {"too many columns", "$S train -m $D/model --data x --loss cosent --text a,b,c -o $T/o", 2, "expected 2 columns"},
    {"too few columns", "$S train -m $D/model --data x --loss multiple-negatives-ranking --text a -o $T/o", 2,
     "expected 2 or more columns"},
    {"a column without a name", "$S train -m $D/model --data x --loss cosent --text a, -o $T/o", 2, "a name is missing"},
    {"no largest score", "$S train -m $D/model --data x --loss cosent --max-score 0 -o $T/o", 2, "above 0"},
    {"no scale",
     "printf 'sentence1\\tsentence2\\tscore\\nあ\\tい\\t1\\n' >$T/s.tsv; "
     "$S train -m $D/model --data $T/s.tsv --loss cosent --scale 0 -o $T/o", 2, "scale: expected a number above 0"},
    {"a score that no cosine has",
     "printf 'sentence1\\tsentence2\\tscore\\nあ\\tい\\t4\\n' >$T/s.tsv; "
     "$S train -m $D/model --data $T/s.tsv --loss cosine-similarity -o $T/o", 1, "--max-score"},
    {"a score that is no number",
     "printf 'sentence1\\tsentence2\\tscore\\nあ\\tい\\tx\\n' >$T/s.tsv; "
     "$S train -m $D/model --data $T/s.tsv --loss cosent -o $T/o", 1, "line 2"},
    {"one score for all",
     "printf 'sentence1\\tsentence2\\tscore\\nあ\\tい\\t1\\nう\\tえ\\t1\\n' >$T/s.tsv; "
     "$S train -m $D/model --data $T/s.tsv --loss cosent --eval $T/s.tsv -o $T/o", 1, "expected different scores"},
    {"one score for all, to measure by",
     "printf 'sentence1\\tsentence2\\tscore\\nあ\\tい\\t1\\nう\\tえ\\t1\\n' >$T/s.tsv; "
     "$S eval -m $D/model --task sts $T/s.tsv", 1, "expected different scores"},
    {"more weights than teachers", "$S distill -m $D/model x y.npy --weights 1,2 -o $T/o", 2, "each of the 1 teachers"},
    {"teachers that weigh nothing", "$S distill -m $D/model x y.npy --weights 0 -o $T/o", 2, "at least one above 0"},
    {"a number that is too large", "$S encode -m $D/model --threads 99999999999", 2, "99999999999 is too large"},
    {"a training that ends in nonsense",
     "$S train -m $D/model --data $R/train.tsv --lr 1e30 --warmup-steps 0 --steps-per-epoch 1 --samples-per-label 4 -o $T/o; "
     "s=$?; test -e $T/o || exit $s", 2, "not a finite number"},
    {"a vocabulary that others cannot pad with", "grep -v PAD tests/data/vocab.txt >$T/v; $S new --vocab $T/v -o $T/o", 1,
     "v: token [PAD]: not in the vocabulary"},
    {"another program's modules.json",
     "mkdir $T/p; echo '{}' >$T/p/modules.json; echo '{}' >$T/p/config.json; $S convert $D/model $T/p", 1, "something else"},
    {"groups of a label without duplicates", "$S train -m $D/model --data $R/train.tsv --no-duplicates -o $T/o", 2,
     "no_duplicates"},
    {"a folder that is no model", "mkdir $T/p; touch $T/p/thesis; $S train -m $D/model --data $R/test.tsv -o $T/p", 1, "/p"},
    {"a truncated model",
     "cp -r $D/model $T/m; head -c 5000 $D/model/model.safetensors >$T/m/model.safetensors; "
     "printf 'あ\\n' | $S encode -m $T/m",
     1, "model.safetensors"},
    {"a config that contradicts the weights",
     "cp -r $D/model $T/m; sed -i 's/\"intermediate_size\": 100/\"intermediate_size\": 90/' $T/m/config.json; "
     "printf 'あ\\n' | $S encode -m $T/m",
     1, "intermediate.dense.weight: shape [100, 48], config needs [90, 48]"},
    {"another architecture",
     "cp -r $D/model $T/m; sed -i 's/\"bert\"/\"roberta\"/' $T/m/config.json; printf 'あ\\n' | $S encode -m $T/m", 1,
     "model_type: \"roberta\""},
    {"a vocabulary without [UNK]",
     "cp -r $D/model $T/m; sed -i 's/^\\[UNK\\]$/x/' $T/m/vocab.txt; printf 'あ\\n' | $S encode -m $T/m", 1, "[UNK]"},
    {"no dictionary", "printf 'あ\\n' | $S encode -m $D/model --dictionary $T", 1, "dictionary"},
    {"a GPU that is not there", "printf 'あ\\n' | $S encode -m $D/model --device cuda:0", 1, "cuda:0"},
    {"a full disk", "test -w /dev/full && printf 'あ\\n' | $S tokenize -m $D/model >/dev/full", 1, ""},
    {"the query twice", "$S search -m $D/model --corpus $D/../vocab.txt --query a $D/../vocab.txt", 2, "query"},
};
enum { BAD = sizeof bad / sizeof *bad };

START_TEST(bad_calls)
{
    static ran r;
    run(bad[_i].line, &r);
    ck_assert_msg(r.status == bad[_i].status, "%s: status %d, expected %d: %s", bad[_i].name, r.status, bad[_i].status,
                  r.err);
    ck_assert_msg(strstr(r.err, bad[_i].err) != NULL, "%s: %s\nexpected %s", bad[_i].name, r.err, bad[_i].err);
    ck_assert_msg(r.out[0] == '\0', "%s: on standard output: %s", bad[_i].name, r.out);
}
END_TEST

/* ---- What a shell line cannot say ---- */

/* The numbers printed are the floats of the NumPy file, each to its last bit. */
START_TEST(printed_numbers_read_back_exactly)
{
    static ran r;
    float stored[4 * 48];
    run("printf '水\\n火\\n\\n冷却水が漏れた。\\n' >$T/x; $S encode -m $D/model $T/x -o $T/x.npy && "
        "$S encode -m $D/model --format tsv $T/x", &r);
    ck_assert_msg(r.status == 0, "%s", r.err);
    FILE *file = fopen(temporary_path("x.npy"), "rb");
    ck_assert(file != NULL);
    fseek(file, -(long)sizeof stored, SEEK_END);
    ck_assert_uint_eq(fread(stored, sizeof *stored, 4 * 48, file), 4 * 48);
    fclose(file);
    char *at = r.out;
    for (size_t i = 0; i < 4 * 48; i++)
        ck_assert_msg(strtof(at, &at) == stored[i], "number %zu", i);
    ck_assert_str_eq(at, "\n");
}
END_TEST

/* The real one knows what a text is about. */
START_TEST(the_default_model_of_the_tree)
{
    static ran r;
    if (access("models/default/modules.json", R_OK) != 0) {
        printf("SKIP: the_default_model_of_the_tree: models/default holds no model\n");
        return;
    }
    run(INSTALL "ln -s $PWD/models/default $T/p/share/sbertja/default; "
        "printf '会議は三時に始まる。\n配管から水が漏れていた。\n新しい社員が入社した。\n' >$T/x; "
        "$T/p/bin/sbertja search --corpus $T/x --query '冷却水が漏れた。' -k 1 | cut -f3", &r);
    ck_assert_msg(r.status == 0 && r.err[0] == '\0', "%s", r.err);
    ck_assert_str_eq(r.out, "2\n");
}
END_TEST

/* Ctrl-C in the middle of an endless training: one signal, a saved model, status 130. */
START_TEST(interrupted_training_is_saved)
{
    static ran r;
    run("$S train -m $D/model --data $R/train.tsv --epochs 100000 -o $T/o & "
        "while ! grep -q 'epoch 1/' $T/.err; do sleep 0.02; done; kill -INT $!; wait $!", &r);
    ck_assert_msg(r.status == 130, "status %d: %s", r.status, r.err);
    ck_assert_msg(strstr(r.err, "interrupted: ") != NULL, "%s", r.err);
    run("printf 'あ\\n' | $S encode -m $T/o --format tsv | wc -l", &r);
    ck_assert_str_eq(r.out, "1\n");
}
END_TEST

/* There is space for a directory, but not for a model: it is saved where there is. */
START_TEST(a_model_is_saved_elsewhere)
{
    static ran r;
    run("unshare -m true", &r);
    if (r.status != 0) {
        printf("SKIP: tools/command a_model_is_saved_elsewhere: mounting a small disk is not allowed here\n");
        return;
    }
    run("S=$(realpath $S) D=$(realpath $D) R=$(realpath $R); mkdir $T/small; unshare -m sh -c \"mount -t tmpfs -o size=64k "
        "none $T/small && cd $T && $S train -m $D/model --data $R/test.tsv --samples-per-label 4 --epochs 1 -o small/o\"", &r);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "No space left") != NULL && strstr(r.err, "the trained model is in o.rescued-") != NULL,
                  "%s", r.err);
    run("printf 'あ\n' | $S encode -m $T/o.rescued-* --format tsv | wc -l", &r);
    ck_assert_str_eq(r.out, "1\n");
}
END_TEST

SUITE_MAIN("tools/command", 60, {good_calls, GOOD}, {bad_calls, BAD}, {printed_numbers_read_back_exactly, 0},
           {the_default_model_of_the_tree, 0}, {interrupted_training_is_saved, 0},
           {a_model_is_saved_elsewhere, 0})
