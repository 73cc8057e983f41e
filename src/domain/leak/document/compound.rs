//! Compound files (MS-CFB: doc, xls, ppt, msg): their streams put together, since sectors lie anywhere in the file.

use super::Texts;
use cfb::CompoundFile;
use std::io::{Cursor, Read};

/// Streams of one file that are read.
const STREAMS: usize = 20_000;

pub(super) fn is_compound(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// Every stream; a file that can't be taken apart is closed.
pub(super) fn texts(bytes: &[u8], limit: usize) -> Texts {
    let mut found = Texts::default();
    let Ok(mut file) = CompoundFile::open(Cursor::new(bytes)) else { return Texts { closed: true, ..found } };
    let paths: Vec<_> =
        file.walk().filter(|entry| entry.is_stream()).take(STREAMS + 1).map(|entry| (entry.path().to_path_buf(), entry.len())).collect();
    found.closed |= paths.len() > STREAMS;
    let mut left = limit;
    for (path, length) in paths {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // No stream is longer than the file that it lies in.
        if length > left || length > bytes.len() {
            found.closed = true;
            continue;
        }
        let mut content = Vec::with_capacity(length);
        match file.open_stream(&path).map(|stream| stream.take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(&mut content)) {
            Ok(Ok(_)) => {
                left -= content.len();
                found.views.push(("compound file", content));
            }
            Ok(Err(_)) | Err(_) => found.closed = true,
        }
    }
    found
}
