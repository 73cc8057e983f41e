//! A guest's HTML, made harmless: no script, style, form or remote picture.

use ammonia::{Builder, UrlRelative};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// Larger or deeper HTML is not shown as such: cleaning takes time quadratic in the nesting.
const LONGEST: usize = 512 * 1024;
const DEEPEST: usize = 256;
const MOST_TAGS: usize = 20_000;

/// HTML that is safe to show.
pub(super) struct Clean {
    /// The HTML.
    pub(super) html: String,
    /// Content-IDs of the pictures that it shows.
    pub(super) pictures: BTreeSet<String>,
}

/// Clean HTML in which pictures are only those of `known` (Content-IDs); `None` when it is too large or too deep, or nothing is left.
/// What loads by itself, acts, or reaches out of the message goes: styles, scripts, forms, media, SVG, MathML, `meta`, `base`,
/// `data:` and relative addresses. Links to the web stay, as text has them.
pub(super) fn sanitize(html: &str, known: &BTreeSet<String>) -> Option<Clean> {
    if html.len() > LONGEST || !is_shallow(html) {
        return None;
    }
    let shown: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let (known, note) = (known.clone(), shown.clone());
    let mut builder = Builder::default();
    builder
        .url_schemes(["http", "https", "mailto", "tel", "cid"].into())
        .url_relative(UrlRelative::Deny)
        // Titles of pages, and what stands in a drawing, are no words of the message.
        .clean_content_tags(["script", "style", "title", "svg", "math", "template", "iframe"].into())
        .attribute_filter(move |element, attribute, value| {
            let id = value.strip_prefix("cid:");
            let is_kept = match (element, attribute) {
                ("img", "src") => id.is_some_and(|id| known.contains(id)),
                // Shown to nobody, and no address is checked there.
                (_, "cite") => false,
                // Only a picture may come from the message.
                _ => id.is_none(),
            };
            if let (true, Some(id), Ok(mut shown)) = (is_kept, id, note.lock()) {
                shown.insert(id.to_owned());
            }
            is_kept.then_some(Cow::Borrowed(value))
        });
    let html = builder.clean(html).to_string();
    let pictures = shown.lock().map(|shown| shown.clone()).unwrap_or_default();
    (!html.trim().is_empty()).then_some(Clean { html, pictures })
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

    fn cleaned(html: &str) -> String {
        let known = BTreeSet::from(["logo@x".to_owned(), "a".to_owned(), "ab".to_owned()]);
        sanitize(html, &known).map(|clean| clean.html).unwrap_or_default()
    }

    #[test]
    fn only_harmless_things_stay() {
        let clean = cleaned(
            "<p onclick=x>Oui<script>1</script><style>p{}</style><img src=\"https://t.example/p.gif\"><img src=\"cid:logo@x\">\
            <img src=\"cid:other\"><a href=\"javascript:x\">a</a><form><input></form><iframe src=x></iframe></p>",
        );
        assert!(clean.contains("cid:logo@x") && clean.contains("Oui"), "{clean}");
        for bad in ["script", "style", "t.example", "cid:other", "onclick", "form", "iframe"] {
            assert!(!clean.contains(bad), "{bad} in {clean}");
        }
    }

    #[test]
    fn nothing_loads_or_reaches_out_by_itself() {
        // Each names t.example where a browser would ask for it, or run something.
        for html in [
            "<img src='https://t.example/p.gif'>",
            "<img src='//t.example/p.gif'>",
            "<img src='http:t.example'>",
            "<img srcset='https://t.example/p.gif 2x' src='cid:a'>",
            "<img src='cid:a' lowsrc='https://t.example/' dynsrc='https://t.example/'>",
            "<picture><source srcset='https://t.example/p.webp'><img src='cid:a'></picture>",
            "<table background='https://t.example/b.png'><tr><td background='https://t.example/c.png'>x</td></tr></table>",
            "<body background='https://t.example/b.png'>x</body>",
            "<p style='background:url(https://t.example/b.png)'>x</p>",
            "<p style=\"background:u\\72l('//t.example/b.png')\">x</p>",
            "<style>@import 'https://t.example/a.css'; p{background:url(//t.example)}</style><p>x</p>",
            "<link rel=stylesheet href='https://t.example/a.css'><link rel=prefetch href='//t.example'><p>x</p>",
            "<meta http-equiv=refresh content='0;url=https://t.example/'><p>x</p>",
            "<base href='https://t.example/'><p>x</p>",
            "<svg><image href='https://t.example/p.svg'/><use href='//t.example#x'/></svg><p>x</p>",
            "<svg><style>*{background:url(//t.example)}</style><text>t.example</text></svg><p>x</p>",
            "<svg><a xlink:href='https://t.example/'><text>x</text></a></svg><p>x</p>",
            "<math><mtext href='https://t.example/'>t.example</mtext></math><p>x</p>",
            "<math><annotation-xml encoding='text/html'><img src='https://t.example/'></annotation-xml></math><p>x</p>",
            "<math><mi><style><img src='https://t.example/' onerror=1></style></mi></math><p>x</p>",
            "<video src='//t.example/v' poster='//t.example/p'></video><audio src='//t.example/a'></audio><p>x</p>",
            "<object data='//t.example/o'></object><embed src='//t.example/e'><p>x</p>",
            "<input type=image src='//t.example/i'><button formaction='//t.example'>x</button>",
            "<a href='https://ok.example/' ping='https://t.example/'>x</a>",
            "<a href='//t.example/'>x</a><a href='/t.example'>x</a>",
            "<img src='data:image/svg+xml;base64,PHN2Zz48L3N2Zz4t.example'>",
            "<a href='data:text/html,t.example'>x</a><a href=' java\nscript:t.example'>x</a><a href='vbscript:t.example'>x</a>",
            "<a href='file://t.example/share'>x</a><a href='cid:t.example'>x</a><a href='ms-word:ofe|u|https://t.example'>x</a>",
            "<blockquote cite='//t.example/'>x</blockquote>",
            "<title>t.example</title><p>x</p>",
            "<noscript><p title='</noscript><img src=//t.example onerror=1>'></noscript>",
            "<template><img src='//t.example'></template><p>x</p>",
            "<!--[if mso]><v:fill src='https://t.example/'/><![endif]--><p>x</p>",
            "<v:fill src='https://t.example/'></v:fill><p>x</p>",
        ] {
            let clean = cleaned(html);
            let text_of_title = clean.replace("title=\"&lt;/noscript&gt;&lt;img src=//t.example onerror=1&gt;\"", "");
            assert!(!text_of_title.contains("t.example"), "{html}\n{clean}");
        }
        assert!(cleaned("<a href='https://ok.example/a?b=c'>x</a>").contains("https://ok.example/a?b=c"));
    }

    #[test]
    fn the_pictures_that_are_shown_are_named_exactly() {
        let known = BTreeSet::from(["a".to_owned(), "ab".to_owned()]);
        let shown = |html: &str| sanitize(html, &known).unwrap().pictures.into_iter().collect::<Vec<_>>();
        assert_eq!(shown("<img src='cid:ab'>"), ["ab"]);
        assert_eq!(shown("<p>cid:a <b title='cid:a'>x</b></p><img src='CID:a'><img src='cid:%61'>"), [""; 0]);
    }

    #[test]
    fn deep_or_large_html_is_not_even_tried() {
        assert!(sanitize(&"<div>".repeat(50_000), &BTreeSet::new()).is_none());
        assert!(sanitize(&"<div></p>".repeat(1_000), &BTreeSet::new()).is_none());
        assert!(sanitize(&"a".repeat(LONGEST + 1), &BTreeSet::new()).is_none());
        assert!(sanitize(&"<p>a</p>".repeat(1_000), &BTreeSet::new()).is_some());
    }
}
