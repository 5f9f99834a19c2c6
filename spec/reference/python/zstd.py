"""One zstd frame of the kind that spec/container.md allows, in plain Python. Brackets name sections of RFC 8878."""

import io
from itertools import accumulate
from struct import iter_unpack

BLOCK, WINDOW = 1 << 17, 1 << 23  # bytes at most
LITERAL_BITS = [0] * 16 + [1, 1, 1, 1, 2, 2, 3, 3, 4, *range(6, 17)]  # extra bits of each length code [3.1.1.3.2.1.1]
MATCH_BITS = [0] * 32 + [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, *range(7, 17)]
LITERAL_BASE = list(accumulate((1 << bits for bits in LITERAL_BITS), initial=0))
MATCH_BASE = list(accumulate((1 << bits for bits in MATCH_BITS), initial=3))
# Literal lengths, offsets, match lengths: bits of a state, at most; codes; default probabilities [3.1.1.3.2.2].
LITERAL = (9, 36, [4, 3] + [2] * 11 + [1] * 3 + [2] * 9 + [3, 2] + [1] * 5 + [-1] * 4)
OFFSET = (8, 32, [1] * 6 + [2] * 3 + [1] * 15 + [-1] * 5)
MATCH = (9, 53, [1, 4, 3] + [2] * 6 + [1] * 37 + [-1] * 7)
Table = list[tuple[int, int, int]]  # for each state: its symbol, then the bits and the base that make the next state


def need(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


class Source(io.BytesIO):
    def take(self, count: int) -> bytes:
        taken = self.read(count)
        need(len(taken) == count, "the data end early")
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")


class Bits:
    """Read from the last to the first, below a mark, the highest bit set; behind the first stand zeros. [4.1]"""

    def __init__(self, data: bytes) -> None:
        need(data and data[-1], "a stream of bits without its mark")
        self.text, self.at = f"{int.from_bytes(data, 'little'):b}"[1:], 0

    def read(self, count: int) -> int:
        self.at += count
        return int("0" + self.text[self.at - count : self.at].ljust(count, "0"), 2)

    def state(self, table: Table) -> int:
        return self.read(len(table).bit_length() - 1)


def fse(probabilities: list[int]) -> Table:
    """The code of symbols of these probabilities, where -1 is one below 1. [4.1.1]"""
    size, counts, table = sum(map(abs, probabilities)), list(map(abs, probabilities)), Table()
    rare = [symbol for symbol, count in enumerate(probabilities) if count < 0]
    places = (i * ((size >> 1) + (size >> 3) + 3) % size for i in range(size))
    common = (symbol for symbol, count in enumerate(probabilities) for _ in range(count))
    spread = sorted(zip((place for place in places if place < size - len(rare)), common, strict=True))
    for symbol in [symbol for _, symbol in spread] + rare[::-1]:
        bits = size.bit_length() - counts[symbol].bit_length()
        table.append((symbol, bits, (counts[symbol] << bits) - size))
        counts[symbol] += 1
    return table


def read_fse(source: Source, finest: int) -> Table:
    """A code from its description. [4.1.1]"""
    start, stream, probabilities = source.tell(), int.from_bytes(source.read(256), "little"), list[int]()
    at, left = 4, 32 << (stream & 15)
    need(left <= 1 << finest, "a code has too many states")
    while left:
        bits = (left + 1).bit_length()  # for 0 to left + 1, of which the first do with a bit less
        short, value, low = (1 << bits) - left - 2, stream >> at & (1 << bits) - 1, stream >> at & (1 << bits - 1) - 1
        at += bits - (low < short)
        value = low if low < short else value - short * (value > low)
        probabilities.append(value - 1)
        left -= abs(value - 1)
        zeros = 3 if value == 1 else 0
        while zeros == 3:
            zeros, at = stream >> at & 3, at + 2
            probabilities += [0] * zeros
    source.seek(start)
    source.take((at + 7) // 8)
    return fse(probabilities)


def read_huffman(source: Source) -> dict[str, int]:
    """The symbol of each word of bits. [4.2.1]"""
    kind = source.number(1)
    if kind > 127:
        weights = [half for byte in source.take(kind - 126 >> 1) for half in divmod(byte, 16)][: kind - 127]
    else:
        packed = Source(source.take(kind))
        table, bits, weights = read_fse(packed, 6), Bits(packed.read()), []
        state, other = bits.state(table), bits.state(table)
        while bits.at <= len(bits.text) and len(weights) < 255:
            symbol, count, base = table[state]
            state, other = other, base + bits.read(count)
            weights.append(symbol)
        weights.append(table[state][0])
    total = sum(1 << weight >> 1 for weight in weights)
    deepest, at, words = total.bit_length(), 0, {}
    last = (1 << deepest) - total  # the share of the last symbol, whose weight is not written
    need(len(weights) < 256 and deepest < 12 and last & last - 1 == 0, "the weights make no Huffman code")
    need(1 in weights, "no word is as long as the longest")
    for weight, symbol in sorted((weight, symbol) for symbol, weight in enumerate([*weights, last.bit_length()])):
        if weight:
            words[f"{at:0{deepest}b}"[: deepest + 1 - weight]] = symbol
            at += 1 << weight - 1
    return words


def decoded(words: dict[str, int], data: bytes, size: int) -> bytes:
    out, word = bytearray(), ""
    for bit in Bits(data).text:
        word += bit
        if word in words:
            out.append(words[word])
            word = ""
    need(not word and len(out) == size, "a Huffman stream does not hold what it should")
    return bytes(out)


class Frame:
    """What a block leaves to the next one: the output, the codes, and the last three offsets."""

    def __init__(self, window: int) -> None:
        self.out, self.window, self.offsets = bytearray(), window, [1, 4, 8]
        self.words, self.tables = dict[str, int](), [Table(), Table(), Table()]

    def literals(self, source: Source) -> bytes:
        """[3.1.1.3.1]"""
        head = source.number(1)
        kind, form = head & 3, head >> 2 & 3
        bits, more = (
            ((5, 0), (12, 1), (5, 0), (20, 2))[form] if kind < 2 else ((10, 2), (10, 2), (14, 3), (18, 4))[form]
        )
        head = (head | source.number(more) << 8) >> (3 if bits == 5 else 4)
        size = head & (1 << bits) - 1
        need(size <= BLOCK, "too many literals")
        if kind < 2:
            return source.take(size) if kind == 0 else source.take(1) * size
        packed = Source(source.take(head >> bits))
        self.words = read_huffman(packed) if kind == 2 else self.words
        quarter, lengths = (size + 3) // 4, [packed.number(2) for _ in range(3) if form]
        parts = [decoded(self.words, packed.take(length), quarter) for length in lengths]
        return b"".join(parts) + decoded(self.words, packed.read(), size - quarter * len(parts))

    def block(self, source: Source) -> None:
        """Literals, then sequences: as many literals come next, then as many bytes from so far back. [3.1.1.3.2]"""
        literals, used, end, count = self.literals(source), 0, len(self.out) + BLOCK, source.number(1)
        if count > 127:
            count = (count - 128 << 8) + source.number(1) if count < 255 else source.number(2) + 0x7F00
        modes = source.number(1) if count else 0
        need(modes & 3 == 0, "reserved bits are set")
        for i, (finest, symbols, probabilities) in enumerate((LITERAL, OFFSET, MATCH) if count else ()):
            mode = modes >> 6 - 2 * i & 3  # 3: as in the last block that had sequences
            if mode < 3:
                self.tables[i] = read_fse(source, finest) if mode == 2 else fse(probabilities)
                self.tables[i] = [(source.number(1), 0, 0)] if mode == 1 else self.tables[i]
            need(self.tables[i] and max(self.tables[i])[0] < symbols, "no such code, or none to repeat")
        bits = Bits(source.read() if count else source.read() + b"\1")
        states = [bits.state(table) for table in self.tables] if count else []
        for following in reversed(range(count)):
            cells = [table[state] for table, state in zip(self.tables, states, strict=True)]
            literal, power, match = (cell[0] for cell in cells)
            offset = (1 << power) + bits.read(power)
            length = MATCH_BASE[match] + bits.read(MATCH_BITS[match])
            start, used = used, used + LITERAL_BASE[literal] + bits.read(LITERAL_BITS[literal])
            for i in (0, 2, 1) if following else ():
                states[i] = cells[i][2] + bits.read(cells[i][1])
            recent = 3 if offset > 3 else offset - 1 + (start == used)  # which of the last offsets; 3: none [3.1.1.5]
            offset = offset - 3 if offset > 3 else (*self.offsets, self.offsets[0] - 1)[recent]
            self.offsets = [offset, *(old for i, old in enumerate(self.offsets) if i != recent)][:3]
            self.out += literals[start:used]
            need(used <= len(literals) and 0 < offset <= min(self.window, len(self.out)), "a sequence out of range")
            self.out += (self.out[-offset:][:length] * (length // offset + 1))[:length]
            need(len(self.out) <= end, "a block is too large")
        self.out += literals[used:]
        need(bits.at == len(bits.text) and len(self.out) <= end, "a block does not hold what it should")


def checksum(data: bytes) -> int:
    """The lower half of XXH64. [3.1.1]"""
    a, b, c, d = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63
    total, lanes, ones = 0x27D4EB2F165667C5, [a + b, b, 0, -a], (1 << 64) - 1

    def turn(x: int, n: int) -> int:
        return (x & ones) << n | (x & ones) >> 64 - n

    by_32, by_8, by_4 = (len(data) // step * step for step in (32, 8, 4))
    for words in iter_unpack("<4Q", data[:by_32]):
        lanes = [turn(lane + word * b, 31) * a for lane, word in zip(lanes, words, strict=True)]
    if by_32:
        total = sum(map(turn, lanes, (1, 7, 12, 18)))
        for lane in lanes:
            total = (total ^ turn(lane * b, 31) * a) * a + d
    total += len(data)
    for (word,) in iter_unpack("<Q", data[by_32:by_8]):
        total = turn(total ^ turn(word * b, 31) * a, 27) * a + d
    for (word,) in iter_unpack("<I", data[by_8:by_4]):
        total = turn(total ^ word * a, 23) * b + c
    for byte in data[by_4:]:
        total = turn(total ^ byte * 0x27D4EB2F165667C5, 11) * a
    for shift, factor in ((33, b), (29, c), (32, 1)):
        total = ((total & ones) ^ (total & ones) >> shift) * factor
    return total & 0xFFFFFFFF


def decompress(data: bytes, size: int) -> bytes:
    """The `size` bytes of exactly one frame. Raises ValueError where it is malformed or over a limit. [3.1.1]"""
    source = Source(data)
    magic, flags = source.number(4), source.number(1)
    slope = 0 if flags & 32 else source.number(1)
    dictionary, width = source.number((0, 1, 2, 4)[flags & 3]), (flags >> 5 & 1, 2, 4, 8)[flags >> 6]
    declared = source.number(width) + (256 if width == 2 else 0)
    window = declared if flags & 32 else (8 + (slope & 7)) << (slope >> 3) + 7
    need(magic == 0xFD2FB528 and not flags & 8 and width and declared == size, f"no frame that declares {size} bytes")
    need(window <= WINDOW and not dictionary, "a window of more than 8 MiB, or a dictionary")
    frame, last = Frame(window), 0
    while not last:
        head = source.number(3)
        last, kind, length = head & 1, head >> 1 & 3, head >> 3
        need(kind < 3 and length <= min(window, BLOCK), "a block of no kind, or too large")
        if kind == 2:
            frame.block(Source(source.take(length)))
        else:
            frame.out += source.take(length) if kind == 0 else source.take(1) * length
        need(len(frame.out) <= size, "more bytes than declared")
    need(len(frame.out) == size, "fewer bytes than declared")
    need(not flags & 4 or source.number(4) == checksum(bytes(frame.out)), "the checksum differs")
    need(not source.read(), "something follows the frame")
    return bytes(frame.out)
