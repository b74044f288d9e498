"""snippets_test.py: every C++ block of the documents is part of a file that is compiled."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "arena/README.md", "bench/README.md", "apps/README.md"]
SOURCES = [*ROOT.glob("tests/arena/*.cu"), *ROOT.glob("tests/consumer/*.cpp"), *ROOT.glob("apps/*.cu"),
           *ROOT.glob("bench/**/*.cpp"), *ROOT.glob("bench/**/*.hpp")]


def paragraphs(text):
    """The parts between blank lines and preprocessor lines, without trailing blanks."""
    lines = [line.rstrip() for line in text.splitlines()]
    return [part.strip("\n") for part in re.split(r"\n{2,}", "\n".join(lines)) if part.strip()]


class Snippets(unittest.TestCase):
    def test_every_block_is_compiled(self):
        compiled = ["\n" + path.read_text(encoding="utf-8") for path in SOURCES]
        count = 0
        for document in DOCUMENTS:
            path = ROOT / document
            for block in re.findall(r"```cpp\n(.*?)```", path.read_text(encoding="utf-8"), re.S):
                count += 1
                for part in paragraphs(block):
                    with self.subTest(document=document, part=part):
                        self.assertTrue(any("\n" + part in text for text in compiled), "stands in no compiled file")
        self.assertGreater(count, 3)


if __name__ == "__main__":
    unittest.main()
