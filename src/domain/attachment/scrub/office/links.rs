//! Relationships (ECMA-376 part 2 §6.5): those to parts that are gone go too, and those out of the package lead to the web alone,
//! never to a file of the author's.

use super::Parts;
use super::markup::{Element, Verdict, rewrite};
use crate::domain::attachment::Reason;
use std::collections::BTreeSet;

/// The links of one part.
#[derive(Default)]
pub(super) struct Links {
    /// The part that holds them, cleaned.
    pub(super) part: Option<(String, Vec<u8>)>,
    /// Ids of those that are gone: what uses them in the markup goes too.
    pub(super) gone: BTreeSet<String>,
}

/// Whether a part holds links.
pub(super) fn is_links(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".rels")
}

impl Links {
    /// Those of a part, or of the package itself (an empty name).
    pub(super) fn of(name: &str, parts: &Parts, kept: &BTreeSet<&str>, depth: usize) -> Result<Self, Reason> {
        let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
        let wanted = format!("{folder}{}_rels/{last}.rels", if folder.is_empty() { "" } else { "/" });
        let Some((own, content)) = parts.iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted)) else { return Ok(Self::default()) };
        let kept: BTreeSet<String> = kept.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut gone = BTreeSet::new();
        let clean = rewrite(content, depth, &mut |element: &Element<'_>| {
            if element.local != "Relationship" {
                return Verdict::Keep;
            }
            let target = element.value("Target").unwrap_or_default();
            let is_external = element.value("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("External"));
            let kind = element.value("Type").unwrap_or_default();
            if is_external && kind.ends_with("/attachedTemplate") || !is_external && !kept.contains(&resolved(folder, &target)) {
                gone.extend(element.value("Id"));
                Verdict::Drop
            } else if is_external && !is_web(&target) {
                // Links to files of the author's: whatever uses them finds nothing.
                let neutral = if kind.ends_with("/externalLinkPath") { "removed.xlsx" } else { "about:blank" };
                Verdict::Set(vec![("Target", neutral.to_owned())])
            } else {
                Verdict::Keep
            }
        })?;
        Ok(Self { part: Some((own.clone(), clean)), gone })
    }
}

fn is_web(target: &str) -> bool {
    let target = target.trim().to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:", "#"].iter().any(|start| target.starts_with(start))
}

/// The name of the part that a target leads to, in lower case.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let (start, rest) = match target.strip_prefix('/') {
        Some(rest) => ("", rest),
        None => (folder, target),
    };
    let mut steps: Vec<&str> = start.split('/').filter(|step| !step.is_empty()).collect();
    for step in rest.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                let _ = steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_as_they_are_written() {
        assert_eq!(resolved("word", "media/image1.PNG"), "word/media/image1.png");
        assert_eq!(resolved("word", "../docProps/core.xml"), "docprops/core.xml");
        assert_eq!(resolved("word", "/xl/a.xml"), "xl/a.xml");
        assert_eq!(resolved("", "word/document.xml"), "word/document.xml");
        assert_eq!(resolved("", "../../x"), "x");
    }
}
