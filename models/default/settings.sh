# The settings of the default model, for train.sh. A change here makes another model, and needs a new WORK folder.

# Vocabulary and student
entries=24000            # of the vocabulary
layers=4
hidden=256
heads=4
intermediate=1024
max_positions=256        # longer texts are cut

# Distillation: all texts
distill_steps=3000
distill_lr=1e-3

# Finish: JSTS train and JaQuAD train, with the teacher beside them
finish_steps=600
finish_lr=2e-4
