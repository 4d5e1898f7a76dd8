# The settings of the default model, for train.sh. A change here makes another model, and needs a new WORK folder.

# Vocabulary and student
entries=24000            # of the vocabulary
layers=6
hidden=256
heads=4
intermediate=1024
short_positions=256      # while it learns from all texts, most of which are short
max_positions=512        # from then on; longer texts are cut

# Distillation: all texts, the first teacher
distill_steps=3000
distill_lr=1e-3

# Search: the second teacher
search_steps=2500
search_warmup=100
search_lr=5e-4

# Finish: JaQuAD train and JSTS train, with the teachers beside them
finish_steps=850
finish_warmup=40
finish_lr=5e-4

# Smaller, with itself as the teacher; then columns for words
last_entries=18600       # of the vocabulary: what fits into 25 MB
last_intermediate=320    # about as fast as 1024 with 256 columns
last_hidden=384
again_steps=420
again_warmup=20
again_lr=2e-4
