# The settings of the default model, for train.sh. A change here makes another model, and needs a new WORK folder.

# Vocabulary and student
entries=24000            # of the vocabulary
layers=4
hidden=256
heads=4
intermediate=1024
max_positions=256        # longer texts are cut

# Texts that both teachers read; the first teacher reads all of them
both_questions=16000     # of JaQuAD train
both_passages=3000       # of JaQuAD train
both_chat=10000          # of RealPersonaChat
both_comments=10000      # of Economy Watchers
both_sentences=15000     # of JaQuAD train

# First: all texts, the first teacher
first_steps=3000
first_lr=1e-3

# Second: both teachers
second_steps=800
second_lr=3e-4

# Finish: JSTS train and JaQuAD train, with both teachers beside them
finish_steps=600
finish_lr=1e-4
