#!/usr/bin/env python3
"""How well other libraries take the new text out of the replies that are labelled in ../shared/corpus/human.

    pip install email_reply_parser mail-parser-reply faust-cchardet chardet lxml lxml_html_clean regex html5lib cssselect
    pip install --no-deps talon
    python3 scripts/peers/reply_text.py

The measures are those of `cargo test --test all extraction:: -- --nocapture`: equal but for white space, and the mean F1 of lines.
"""
import csv
import email
import email.policy
import json
import pathlib
import sys
import warnings
from collections import defaultdict

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[2].parent / "shared/corpus/human"


def body(path):
    """The plain text of a mail; of a file without a header all of it. None where there is no plain text."""
    raw = path.read_bytes()
    if path.suffix != ".eml":
        return raw.decode("utf-8", "replace").replace("\r\n", "\n")
    part = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    return part.get_content().replace("\r\n", "\n") if part else None


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def f1(found, expected):
    """Of lines, in order: the longest common subsequence."""
    a, b = lines(found), lines(expected)
    if not a or not b:
        return float(a == b)
    row = [0] * (len(b) + 1)
    for one in a:
        before = 0
        for at, other in enumerate(b, 1):
            before, row[at] = row[at], before + 1 if one == other else max(row[at], row[at - 1])
    return 2 * row[-1] / (len(a) + len(b))


def peers():
    from email_reply_parser import EmailReplyParser
    from mailparser_reply import EmailReplyParser as MailParserReply
    from talon import quotations
    from talon.signature.bruteforce import extract_signature

    every = ["en", "de", "fr", "it", "es", "nl", "pl", "da", "sv"]
    return {
        "email_reply_parser": lambda text: EmailReplyParser.parse_reply(text),
        "mail-parser-reply": lambda text: MailParserReply(languages=every).parse_reply(text) or "",
        "talon": lambda text: quotations.extract_from_plain(text),
        "talon with signatures off": lambda text: extract_signature(quotations.extract_from_plain(text))[0],
    }


def main():
    if not ROOT.exists():
        sys.exit(f"SKIPPED: no corpus at {ROOT}")
    scores = defaultdict(lambda: [0, 0, 0.0])
    for row in csv.DictReader((ROOT / "labels.csv").open()):
        detail = json.loads(row["expected_detail"] or "{}")
        expected = detail.get("reply", detail.get("first_fragment"))
        text = body(ROOT / row["file"]) if expected is not None else None
        if text is None:
            continue
        for name, extract in peers().items():
            try:
                found = extract(text)
            except Exception:
                found = ""
            score = scores[row["file"].split("/")[0], name]
            score[0] += 1
            score[1] += found.split() == expected.split()
            score[2] += f1(found, expected)
    for (source, name), (count, equal, sum_f1) in sorted(scores.items()):
        print(f"{source}, {name}: {equal} of {count} equal, F1 {sum_f1 / count:.3f}")


main()
