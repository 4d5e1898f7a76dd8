# The settings of the default model, for train.sh. A change here makes another model, and needs a new WORK folder.

# Vocabulary and student
entries=24000            # of the vocabulary
layers=4
hidden=256
heads=4
intermediate=1024
short_positions=256      # while it learns from all texts, most of which are short
max_positions=512        # from then on; longer texts are cut

# Distillation: all texts, the first teacher
distill_steps=3000
distill_lr=1e-3

# Search: the second teacher
search_steps=1000
search_warmup=60
search_lr=5e-4

# Finish: JaQuAD train and JSTS train, with the teachers beside them
finish_steps=800
finish_warmup=40
finish_lr=3e-4

# The same with larger batches and other names in most articles
names_steps=1200
names_warmup=40
names_lr=5e-4
names_share=0.85         # of the weights; the rest are those after the finish
