//! The plain text of RTF (RTF 1.9.1; MS-OXRTFEX for what was HTML): letters and paragraphs, nothing of their looks.

use super::code_page;

/// Groups within groups; deeper is no letter.
const DEPTH: usize = 1_000;
/// Groups whose content is no text of the letter.
const SILENT: [&str; 20] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "themedata",
];

/// What counts within one group.
#[derive(Clone, Copy)]
struct State {
    /// Its text isn't shown.
    silent: bool,
    /// How many octets or words stand in for a `\u` (`\uc`).
    substitutes: usize,
}

struct Reader<'a> {
    rest: &'a [u8],
    state: State,
    outer: Vec<State>,
    code_page: u32,
    /// Octets of the code page that wait to be decoded together: a character may have two.
    narrow: Vec<u8>,
    /// UTF-16 of `\u` words: a character may have two.
    wide: Vec<u16>,
    /// How many substitutes are still to be passed over.
    skip: usize,
    text: String,
}

/// The text, at most as long as the RTF. Never fails: what is no RTF gives what of it can be read as text.
pub(super) fn text(rtf: &[u8], code_page: u32) -> String {
    let state = State { silent: false, substitutes: 1 };
    let mut reader =
        Reader { rest: rtf, state, outer: Vec::new(), code_page, narrow: Vec::new(), wide: Vec::new(), skip: 0, text: String::new() };
    while reader.step().is_some() {}
    reader.flush();
    reader.text
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> Option<()> {
        let (&first, tail) = self.rest.split_first()?;
        self.rest = tail;
        match first {
            b'{' => self.open(),
            b'}' => self.close(),
            b'\\' => self.control(),
            b'\r' | b'\n' | 0 => Some(()),
            octet => {
                self.octet(octet);
                Some(())
            }
        }
    }

    fn open(&mut self) -> Option<()> {
        self.skip = 0;
        self.outer.push(self.state);
        if let Some(rest) = self.rest.strip_prefix(b"\\*") {
            // A destination that a reader may ignore: none of them is text of the letter.
            self.state.silent = true;
            self.rest = rest;
        }
        (self.outer.len() <= DEPTH).then_some(())
    }

    fn close(&mut self) -> Option<()> {
        self.skip = 0;
        self.state = self.outer.pop()?;
        // Nothing follows the outermost group.
        (!self.outer.is_empty()).then_some(())
    }

    fn control(&mut self) -> Option<()> {
        let letters = self.rest.iter().take_while(|octet| octet.is_ascii_alphabetic()).count();
        if letters == 0 {
            return self.symbol();
        }
        let (word, after) = self.rest.split_at_checked(letters)?;
        let sign = usize::from(after.first() == Some(&b'-'));
        let digits = after.iter().skip(sign).take_while(|octet| octet.is_ascii_digit()).count();
        let (number, after) = after.split_at_checked(if digits > 0 { sign + digits } else { 0 })?;
        self.rest = after.strip_prefix(b" ").unwrap_or(after);
        let word = std::str::from_utf8(word).ok()?;
        let number = std::str::from_utf8(number).ok().and_then(|digits| digits.parse::<i64>().ok());
        self.word(word, number);
        Some(())
    }

    fn word(&mut self, word: &str, number: Option<i64>) {
        match word {
            "u" => return self.unicode(number.unwrap_or_default()),
            "uc" => self.state.substitutes = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(16),
            "ansicpg" => self.code_page = number.and_then(|page| u32::try_from(page).ok()).unwrap_or(self.code_page),
            "bin" => {
                let length = number.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
                self.rest = self.rest.get(length..).unwrap_or_default();
            }
            _ if SILENT.contains(&word) => self.state.silent = true,
            _ => {}
        }
        let shown = match word {
            "par" | "line" | "sect" | "page" | "row" => "\n",
            "tab" | "cell" => "\t",
            "emdash" => "—",
            "endash" => "–",
            "bullet" => "•",
            "lquote" => "‘",
            "rquote" => "’",
            "ldblquote" => "“",
            "rdblquote" => "”",
            _ => return,
        };
        self.show(shown);
    }

    fn symbol(&mut self) -> Option<()> {
        let (&symbol, tail) = self.rest.split_first()?;
        self.rest = tail;
        match symbol {
            b'\'' => {
                let hex = |at: usize| tail.get(at).and_then(|octet| char::from(*octet).to_digit(16));
                if let (Some(high), Some(low)) = (hex(0), hex(1)) {
                    self.rest = tail.get(2..).unwrap_or_default();
                    self.octet(u8::try_from(high << 4 | low).unwrap_or_default());
                }
            }
            b'~' => self.show("\u{a0}"),
            b'_' => self.show("\u{2011}"),
            b'\r' | b'\n' => self.show("\n"),
            b'\\' | b'{' | b'}' => self.octet(symbol),
            _ => {}
        }
        Some(())
    }

    fn octet(&mut self, octet: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.state.silent && octet != 0 {
            self.flush_wide();
            self.narrow.push(octet);
        }
    }

    fn show(&mut self, text: &str) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.state.silent {
            self.flush();
            self.text.push_str(text);
        }
    }

    /// A UTF-16 unit as a signed number; what stands in for it follows.
    fn unicode(&mut self, number: i64) {
        self.skip = self.state.substitutes;
        if self.state.silent {
            return;
        }
        self.flush_narrow();
        self.wide.push(number as u16);
    }

    fn flush(&mut self) {
        self.flush_narrow();
        self.flush_wide();
    }

    fn flush_narrow(&mut self) {
        if !self.narrow.is_empty() {
            self.text.push_str(&code_page::narrow(&std::mem::take(&mut self.narrow), self.code_page));
        }
    }

    fn flush_wide(&mut self) {
        if !self.wide.is_empty() {
            let units = std::mem::take(&mut self.wide);
            self.text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn letters_and_paragraphs() {
        let rtf = br"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}}{\colortbl\red0;}{\*\generator Riched20;}
\pard\f0\fs20 Je suis en cong\'e9,\par
d\'e9sol\'e9\~! \{a\\b\} \u8364?5 \u-10179?\u-8704?\line\b0 Jean\tab x\par}garbage";
        assert_eq!(text(rtf, 1_252), "Je suis en congé,\ndésolé\u{a0}! {a\\b} €5 😀\nJean\tx\n");
    }

    #[test]
    fn html_in_rtf_is_read_as_rtf_shows_it() {
        let rtf = br"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Bonjour{\*\htmltag116 <br>}\htmlrtf \line\htmlrtf0 Jean\htmlrtf \par}\htmlrtf0 {\*\htmltag72 </p>}}";
        assert_eq!(text(rtf, 1_252), "Bonjour\nJean\n");
    }

    #[test]
    fn two_octets_pictures_and_binary() {
        assert_eq!(text(br"{\rtf1\ansicpg932 \'93\'fa\'96\'7b{\pict 89504e}}", 1_252), "日本");
        assert_eq!(text(b"{\\rtf1 a\\bin3 }}}b\\uc2\\u233 xyc}", 1_252), "abéc");
        assert_eq!(text(b"{\\rtf1 a\\bin99999999999 b}", 1_252), "a");
    }

    #[test]
    fn nesting_ends_and_nothing_is_needed() {
        let deep = [b"{".repeat(100_000), b"x".to_vec()].concat();
        assert_eq!(text(&deep, 1_252), "");
        for odd in [&b""[..], b"\\", b"\\'", b"\\'g", b"}", b"{\\*", b"{\\u}", b"\\-", b"{\\u-99999999999999999999 x}"] {
            let _ = text(odd, 1_252);
        }
    }
}
