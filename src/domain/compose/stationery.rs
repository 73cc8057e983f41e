//! Templates, embedded when the program is built: `templates/<language>/<mail>/{subject.txt,body.txt,body.html}`.

/// Every template of every language, parsed once.
#[derive(Debug, Default)]
pub struct Stationery {}
