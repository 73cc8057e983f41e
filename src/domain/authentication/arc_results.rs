//! What a sealer reports in ARC-Authentication-Results (RFC 8617 §4.1.1, RFC 8601 §2.2). To be asked only of a set whose chain is
//! valid and whose sealer is believed: anybody can write this field.

use super::{domain_name, is_aligned};

/// Longest field that is read, in octets.
const LONGEST: usize = 16_384;
/// Deepest comment in a comment.
const DEEPEST: usize = 8;

/// One method's report.
struct Report {
    method: String,
    result: String,
    /// `header.from` and the like, names in lower case.
    properties: Vec<(String, String)>,
}

impl Report {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// By which method the field says that an author of this domain was proved; else why it proves nobody, as a short English clause.
/// A field with anything in it that can't be read proves nobody: what stands behind it may be somebody else's text.
pub fn proves(field: &str, author_domain: &str) -> Result<&'static str, &'static str> {
    let reports = reports(field).ok_or("what it reports cannot be read")?;
    let author = domain_name(author_domain).ok_or("the author's domain is none")?;
    let of_author = |report: &Report| report.property("header.from").and_then(domain_name).as_deref() == Some(author.as_str());
    let dmarc: Vec<&Report> = reports.iter().filter(|report| report.method == "dmarc").collect();
    match dmarc.as_slice() {
        [] => {}
        [one] if !of_author(one) => return Err("it reports DMARC of another domain"),
        [one] if one.result == "pass" => return Ok("dmarc=pass"),
        [one] if one.result == "none" => {}
        [_] => return Err("it reports that DMARC did not pass"),
        _ => return Err("it reports DMARC twice"),
    }
    let passed = |method: &str, report: &&Report| report.method == method && report.result == "pass";
    let domain_of = |report: &Report, name: &str| report.property(name).map(|value| value.rsplit('@').next().unwrap_or(value).to_owned());
    let aligned = |domain: Option<String>| domain.is_some_and(|domain| is_aligned(&author, &domain));
    if reports.iter().filter(|report| passed("dkim", report)).any(|report| {
        // `header.i` alone says no more than `header.d` does: it is below it or the same (RFC 6376 §3.5).
        let domain = report.property("header.d").map(str::to_owned).or_else(|| domain_of(report, "header.i"));
        aligned(domain)
    }) {
        return Ok("an aligned dkim=pass");
    }
    if reports.iter().filter(|report| passed("spf", report)).any(|report| aligned(domain_of(report, "smtp.mailfrom"))) {
        return Ok("an aligned spf=pass");
    }
    Err("it reports nothing that proves the author")
}

/// The same for Authentication-Results (RFC 8601) of a server of this name; those of another prove nobody.
pub fn server_proves(field: &str, server: &str, author_domain: &str) -> Result<&'static str, &'static str> {
    let bare = without_comments(field).ok_or("what it reports cannot be read")?;
    let first = bare.split(';').next().unwrap_or_default();
    // RFC 8601 §2.2: a version may follow the name.
    let name = first.split_whitespace().next().unwrap_or_default().trim_matches('"');
    if server.is_empty() || !name.eq_ignore_ascii_case(server) {
        return Err("it is of another server");
    }
    proves(&format!("i=1; {field}"), author_domain)
}

/// All reports of a field, or `None` where any of it is not as RFC 8601 writes it.
fn reports(field: &str) -> Option<Vec<Report>> {
    if field.len() > LONGEST {
        return None;
    }
    let bare = without_comments(field)?;
    let pieces = pieces(&bare)?;
    let mut pieces = pieces.iter().map(|piece| piece.trim());
    let (instance, authserv_id) = (pieces.next()?, pieces.next()?);
    let number = instance.strip_prefix(['i', 'I'])?.trim_start().strip_prefix('=')?.trim();
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) || authserv_id.is_empty() {
        return None;
    }
    pieces.filter(|piece| !piece.is_empty() && !piece.eq_ignore_ascii_case("none")).map(report).collect()
}

/// Comments (RFC 5322 §3.2.2) become a space; `None` where one does not end.
fn without_comments(text: &str) -> Option<String> {
    let mut bare = String::with_capacity(text.len());
    let (mut depth, mut is_quoted) = (0_usize, false);
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' if depth > 0 || is_quoted => {
                let escaped = letters.next()?;
                if is_quoted {
                    bare.extend(['\\', escaped]);
                }
            }
            '(' if !is_quoted => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                bare.push(' ');
            }
            _ if depth > 0 => {}
            '"' => {
                is_quoted = !is_quoted;
                bare.push(c);
            }
            '\r' | '\n' | '\t' => bare.push(' '),
            _ if c.is_control() => return None,
            _ => bare.push(c),
        }
        if depth > DEEPEST {
            return None;
        }
    }
    (depth == 0 && !is_quoted).then_some(bare)
}

/// What stands between semicolons outside quotes.
fn pieces(text: &str) -> Option<Vec<&str>> {
    let (mut found, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ';' if !is_quoted => {
                found.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text.get(start..)?);
    Some(found)
}

/// `method[/version]=result [key=value]…`; some servers write keys that are no properties (`action=none`).
fn report(piece: &str) -> Option<Report> {
    let mut pairs = Vec::new();
    let mut rest = piece;
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b)) {
            return None;
        }
        let (value, after) = value(after.trim_start())?;
        pairs.push((key.to_ascii_lowercase(), value));
        rest = after.trim_start();
    }
    let mut pairs = pairs.into_iter();
    let (method, result) = pairs.next()?;
    let method = method.split('/').next().unwrap_or_default().to_owned();
    let properties: Vec<(String, String)> = pairs.collect();
    // The same property twice: nobody can tell which one was meant.
    let is_repeated = properties.iter().enumerate().any(|(at, (key, _))| properties.iter().skip(at + 1).any(|(other, _)| other == key));
    (!is_repeated).then(|| Report { method, result: result.to_ascii_lowercase(), properties })
}

/// A quoted string, or everything up to the next space.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return (!value.is_empty() && !value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, c)) = letters.next() {
        match c {
            '\\' => value.push(letters.next()?.1),
            '"' => {
                let rest = quoted.get(at + 1..)?;
                return rest.is_empty().then_some((value.clone(), rest)).or_else(|| rest.starts_with(' ').then_some((value, rest)));
            }
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AUTHOR: &str = "hopital.example";

    #[test]
    fn what_sealers_write() {
        for field in [
            " i=1; mx.liste.example; dmarc=pass header.from=hopital.example",
            "i=1; mx.google.example;\r\n       dkim=pass header.i=@hopital.example header.s=s1 header.b=Ab/c=;\r\n       spf=pass (google.example: domain of x designates 192.0.2.1) smtp.mailfrom=x@hopital.example;\r\n       dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=Hopital.Example",
            "i=2; mx.microsoft.example 1; spf=pass (sender ip is 192.0.2.1) smtp.rcpttodomain=y smtp.mailfrom=hopital.example; dmarc=pass (p=reject sp=reject pct=100) action=none header.from=hopital.example; dkim=pass (signature was verified) header.d=hopital.example; arc=none (0)",
            "i = 3 ; \"mx.liste.example\" ; dmarc = pass header.from = \"hopital.example\"",
        ] {
            assert_eq!(proves(field, AUTHOR), Ok("dmarc=pass"), "{field}");
        }
        assert_eq!(
            proves("i=1; mx; dmarc=none header.from=hopital.example; dkim=pass header.d=mail.hopital.example", AUTHOR),
            Ok("an aligned dkim=pass")
        );
        assert_eq!(proves("i=1; mx; spf=pass smtp.mailfrom=bounce@hopital.example", AUTHOR), Ok("an aligned spf=pass"));
    }

    #[test]
    fn a_server_speaks_under_its_own_name() {
        let field = "mx.hosted.example; spf=pass smtp.mailfrom=x@hopital.example; dmarc=pass (p=NONE) header.from=hopital.example";
        assert_eq!(server_proves(field, "MX.hosted.example", AUTHOR), Ok("dmarc=pass"));
        assert!(server_proves("mx.hosted.example 1; dmarc=pass header.from=hopital.example", "mx.hosted.example", AUTHOR).is_ok());
        for (field, server) in [
            (field, "hosted.example"),
            (field, ""),
            ("(mx.hosted.example;) evil.example; dmarc=pass header.from=hopital.example", "mx.hosted.example"),
            ("evil.example; x=\"; mx.hosted.example\"; dmarc=pass header.from=hopital.example", "mx.hosted.example"),
            ("mx.hosted.example; dmarc=fail header.from=hopital.example", "mx.hosted.example"),
            ("mx.hosted.example; none", "mx.hosted.example"),
            ("", ""),
        ] {
            assert!(server_proves(field, server, AUTHOR).is_err(), "{field} {server}");
        }
    }

    #[test]
    fn what_proves_nobody() {
        for field in [
            "i=1; mx.liste.example; none",
            "i=1; mx; dmarc=fail header.from=hopital.example; spf=pass smtp.mailfrom=x@hopital.example",
            "i=1; mx; dmarc=temperror header.from=hopital.example; dkim=pass header.d=hopital.example",
            "i=1; mx; dmarc=pass header.from=evil.example; dkim=pass header.d=hopital.example",
            "i=1; mx; dmarc=pass",
            "i=1; mx; dmarc=pass header.from=evil.example header.from=hopital.example",
            "i=1; mx; dmarc=fail header.from=hopital.example; dmarc=pass header.from=hopital.example",
            "i=1; mx; dkim=pass header.d=evil.example; spf=fail smtp.mailfrom=hopital.example",
            "i=1; mx; dkim=pass header.d=evil.example header.i=@hopital.example",
            // Text of the sender's in quotes or comments is no report.
            "i=1; mx; spf=fail (x; dmarc=pass header.from=hopital.example) smtp.mailfrom=evil.example",
            "i=1; mx; spf=fail reason=\"; dmarc=pass header.from=hopital.example\" smtp.mailfrom=evil.example",
            // What is not well formed is not read at all.
            "i=1; mx; spf=fail (; dmarc=pass header.from=hopital.example",
            "i=1; mx; spf=fail reason=\"x; dmarc=pass header.from=hopital.example",
            "i=1; mx; junk; dmarc=pass header.from=hopital.example",
            "mx; dmarc=pass header.from=hopital.example",
            "i=1; mx; dmarc=pass header.from=hopital.example\0.evil.example",
            "i=1; mx; dmarc=pass header.from=\"hopital.example\"x",
            "",
        ] {
            assert!(proves(field, AUTHOR).is_err(), "{field}");
        }
        assert!(proves("i=1; mx; dmarc=pass header.from=example", "example").is_ok(), "the domain is compared as it is");
        assert!(proves(&format!("i=1; mx; dmarc=pass header.from=hopital.example ({})", "x".repeat(LONGEST)), AUTHOR).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read(field in "\\PC{0,200}") {
            let _ = proves(&field, AUTHOR);
        }

        #[test]
        fn what_a_sender_puts_in_a_comment_or_quotes_proves_nothing(text in "[ -~]{0,80}") {
            let quoted = text.replace(['\\', '"'], "");
            let field = format!("i=1; mx; spf=fail reason=\"{quoted}\" smtp.mailfrom=evil.example");
            prop_assert!(proves(&field, AUTHOR).is_err());
        }
    }
}
