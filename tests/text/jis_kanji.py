"""Prints the table of lib/text/jis.c: the kanji of JIS X 0208 (rows 16 to 84) as one bit for each character from U+4E00
on, 32 to a word. From Python's codec euc_jp; tests/text/test_jis.c compares the table with the C library's iconv."""
FIRST, LAST = 0x4E00, 0x9FFF
words = [0] * ((LAST - FIRST + 1) // 32)
for row in range(16, 85):
    for cell in range(1, 95):
        try:
            character = ord(bytes((0xA0 + row, 0xA0 + cell)).decode("euc_jp"))
        except UnicodeDecodeError:
            continue  # the ends of rows 47 and 84 are empty
        words[(character - FIRST) // 32] |= 1 << (character - FIRST) % 32
while not words[-1]:
    words.pop()
for at in range(0, len(words), 8):
    print("    " + " ".join(f"0x{word:08X}," for word in words[at:at + 8]).replace("0x00000000", "0"))
