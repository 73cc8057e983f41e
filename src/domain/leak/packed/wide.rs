//! UTF-16, wherever it stands: TNEF, MSG, EXIF and PDF have it inside other bytes, at odd places too.

/// Shorter stretches say too little.
const SHORTEST: usize = 4;

/// The texts in UTF-16, of either byte order; all of it when a byte order mark says so.
pub(in super::super) fn wide(bytes: &[u8]) -> Vec<String> {
    let marked = match bytes {
        [0xff, 0xfe, rest @ ..] => Some(units(rest, false)),
        [0xfe, 0xff, rest @ ..] => Some(units(rest, true)),
        _ => None,
    };
    let mut texts: Vec<String> = marked.map(|units| String::from_utf16_lossy(&units.collect::<Vec<_>>())).into_iter().collect();
    if bytes.contains(&0) {
        for (start, big) in [(0, false), (1, false), (0, true), (1, true)] {
            let text = stretches(units(bytes.get(start..).unwrap_or_default(), big));
            if !text.is_empty() {
                texts.push(text);
            }
        }
    }
    texts
}

fn units(bytes: &[u8], big: bool) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(move |pair| match pair {
        [a, b] if big => u16::from_be_bytes([*a, *b]),
        [a, b] => u16::from_le_bytes([*a, *b]),
        _ => 0,
    })
}

/// Stretches of letters and signs of alphabets (up to Cyrillic), general punctuation and full width.
fn stretches(units: impl Iterator<Item = u16>) -> String {
    let mut out = String::new();
    let mut stretch = String::new();
    let mut long = 0;
    for unit in units.chain([0]) {
        let is_text = matches!(unit, 9 | 10 | 13 | 0x20..=0x7e | 0xa0..=0x4ff | 0x1e00..=0x1eff | 0x2000..=0x206f | 0xff00..=0xffef);
        match char::from_u32(u32::from(unit)).filter(|_| is_text) {
            Some(c) => {
                stretch.push(c);
                long += 1;
            }
            None => {
                if long >= SHORTEST {
                    out.push_str(&stretch);
                    out.push('\n');
                }
                stretch.clear();
                long = 0;
            }
        }
    }
    out
}
