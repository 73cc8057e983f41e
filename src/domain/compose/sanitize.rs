//! A guest's HTML, made harmless: no script, style, form or remote picture.

use ammonia::Builder;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Larger or deeper HTML is not shown as such: cleaning takes time quadratic in the nesting.
const LONGEST: usize = 512 * 1024;
const DEEPEST: usize = 256;
const MOST_TAGS: usize = 20_000;

/// Clean HTML in which pictures are only those of `pictures` (Content-IDs); `None` when it is too large or too deep,
/// or nothing is left.
pub(super) fn sanitize(html: &str, pictures: &BTreeSet<String>) -> Option<String> {
    if html.len() > LONGEST || !is_shallow(html) {
        return None;
    }
    let pictures = pictures.clone();
    let mut builder = Builder::default();
    builder.add_url_schemes(["cid"]).attribute_filter(move |element, attribute, value| {
        let is_picture = element == "img" && attribute == "src";
        let is_known = value.strip_prefix("cid:").is_some_and(|id| pictures.contains(id));
        (!is_picture || is_known).then_some(Cow::Borrowed(value))
    });
    let clean = builder.clean(html).to_string();
    (!clean.trim().is_empty()).then_some(clean)
}

/// Counts open tags by name, so that closing something else does not hide the depth.
fn is_shallow(html: &str) -> bool {
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    let (mut depth, mut tags) = (0usize, 0usize);
    for piece in html.split('<').skip(1) {
        tags += 1;
        let (closes, rest) = piece.strip_prefix('/').map_or((false, piece), |rest| (true, rest));
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).take(16).collect::<String>().to_ascii_lowercase();
        if name.is_empty() || is_void(&name) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !closes {
            *count += 1;
            depth += 1;
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
        if depth > DEEPEST || tags > MOST_TAGS {
            return false;
        }
    }
    true
}

/// Elements that hold nothing, or whose end tag is usually left out.
fn is_void(name: &str) -> bool {
    matches!(name, "br" | "img" | "hr" | "meta" | "link" | "input" | "col" | "wbr" | "area" | "base" | "source")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_things_stay() {
        let known = BTreeSet::from(["logo@x".to_owned()]);
        let html = "<p onclick=x>Oui<script>1</script><style>p{}</style><img src=\"https://t.example/p.gif\"><img src=\"cid:logo@x\">\
            <img src=\"cid:other\"><a href=\"javascript:x\">a</a><form><input></form><iframe src=x></iframe></p>";
        let clean = sanitize(html, &known).unwrap();
        assert!(clean.contains("cid:logo@x") && clean.contains("Oui"), "{clean}");
        for bad in ["script", "style", "t.example", "cid:other", "onclick", "form", "iframe"] {
            assert!(!clean.contains(bad), "{bad} in {clean}");
        }
    }

    #[test]
    fn deep_or_large_html_is_not_even_tried() {
        assert_eq!(sanitize(&"<div>".repeat(50_000), &BTreeSet::new()), None);
        assert_eq!(sanitize(&"<div></p>".repeat(1_000), &BTreeSet::new()), None);
        assert_eq!(sanitize(&"a".repeat(LONGEST + 1), &BTreeSet::new()), None);
        assert!(sanitize(&"<p>a</p>".repeat(1_000), &BTreeSet::new()).is_some());
    }
}
