//! What becomes of each part of a package, by its content type (ECMA-376 part 1 §15, MS-OFFCRYPTO and the extensions of Office).

use super::markup::{Element, Verdict, rewrite};
use crate::domain::attachment::Reason;
use std::collections::{BTreeMap, BTreeSet};

/// What is done with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// XML that is written anew, cleaned.
    Markup,
    /// A picture.
    Picture,
    /// A package of its own.
    Package,
    /// Left out, with every link to it.
    Drop,
    /// It stands in the way of the whole document.
    Block(Reason),
}

/// Parts that people see, behind `application/vnd.openxmlformats-officedocument.`.
const SHOWN: &str = "wordprocessingml.document.main+xml wordprocessingml.template.main+xml wordprocessingml.styles+xml \
    wordprocessingml.settings+xml wordprocessingml.webSettings+xml wordprocessingml.fontTable+xml wordprocessingml.numbering+xml \
    wordprocessingml.header+xml wordprocessingml.footer+xml wordprocessingml.footnotes+xml wordprocessingml.endnotes+xml \
    wordprocessingml.comments+xml \
    spreadsheetml.sheet.main+xml spreadsheetml.template.main+xml spreadsheetml.worksheet+xml spreadsheetml.chartsheet+xml \
    spreadsheetml.styles+xml spreadsheetml.sharedStrings+xml spreadsheetml.calcChain+xml spreadsheetml.table+xml \
    spreadsheetml.comments+xml spreadsheetml.pivotTable+xml spreadsheetml.pivotCacheDefinition+xml spreadsheetml.pivotCacheRecords+xml \
    spreadsheetml.sheetMetadata+xml spreadsheetml.externalLink+xml \
    presentationml.presentation.main+xml presentationml.slideshow.main+xml presentationml.template.main+xml presentationml.slide+xml \
    presentationml.slideLayout+xml presentationml.slideMaster+xml presentationml.notesSlide+xml presentationml.notesMaster+xml \
    presentationml.handoutMaster+xml presentationml.presProps+xml presentationml.viewProps+xml presentationml.tableStyles+xml \
    presentationml.commentAuthors+xml presentationml.comments+xml \
    theme+xml themeOverride+xml drawing+xml drawingml.chart+xml drawingml.chartshapes+xml drawingml.diagramData+xml \
    drawingml.diagramLayout+xml drawingml.diagramStyle+xml drawingml.diagramColors+xml vmlDrawing";
/// The same of Microsoft's own, behind `application/vnd.ms-`.
const SHOWN_OF_OFFICE: &str = "office.chartstyle+xml office.chartcolorstyle+xml office.drawingml.diagramDrawing+xml \
    office.chartex+xml word.webSettings+xml";
/// Parts whose loss nobody sees: properties, people, settings of printers, private data.
const UNSEEN: [&str; 26] = [
    "core-properties+xml",
    "extended-properties+xml",
    "custom-properties+xml",
    "customXmlProperties+xml",
    "printerSettings",
    "wordprocessingml.people+xml",
    "wordprocessingml.commentsExtended+xml",
    "wordprocessingml.commentsIds+xml",
    "wordprocessingml.commentsExtensible+xml",
    "wordprocessingml.document.glossary+xml",
    "stylesWithEffects+xml",
    "obfuscatedFont",
    "x-fontdata",
    "x-font-ttf",
    "keyMapCustomizations+xml",
    "classificationlabels+xml",
    "webextension+xml",
    "webextensiontaskpanes+xml",
    "threadedcomments+xml",
    "vnd.ms-excel.person+xml",
    "vnd.ms-powerpoint.authors+xml",
    "vnd.ms-powerpoint.comments+xml",
    "vnd.ms-powerpoint.revisioninfo+xml",
    "vnd.ms-powerpoint.changesinfo+xml",
    "presentationml.tags+xml",
    "spreadsheetml.userNames+xml",
];

/// The content types of a package.
pub(super) struct Types {
    by_name: BTreeMap<String, String>,
    by_ending: BTreeMap<String, String>,
}

impl Types {
    pub(super) fn read(content: &[u8], depth: usize) -> Result<Self, Reason> {
        let mut types = Self { by_name: BTreeMap::new(), by_ending: BTreeMap::new() };
        let _ = rewrite(content, depth, &mut |element: &Element<'_>| {
            let kind = element.value("ContentType").unwrap_or_default();
            match element.local {
                "Override" => {
                    let name = element.value("PartName").unwrap_or_default();
                    types.by_name.insert(name.trim_start_matches('/').to_ascii_lowercase(), kind);
                }
                "Default" => {
                    types.by_ending.insert(element.value("Extension").unwrap_or_default().to_ascii_lowercase(), kind);
                }
                _ => {}
            }
            Verdict::Keep
        })?;
        Ok(types)
    }

    /// The same list without the parts that are gone.
    pub(super) fn without(&self, content: &[u8], kept: &BTreeSet<&str>, depth: usize) -> Result<Vec<u8>, Reason> {
        let kept: BTreeSet<String> = kept.iter().map(|name| name.to_ascii_lowercase()).collect();
        rewrite(content, depth, &mut |element: &Element<'_>| {
            let name = element.value("PartName").unwrap_or_default().trim_start_matches('/').to_ascii_lowercase();
            if element.local == "Override" && !kept.contains(&name) { Verdict::Drop } else { Verdict::Keep }
        })
    }

    /// What becomes of the part of this name.
    pub(super) fn fate(&self, name: &str) -> Fate {
        let name = name.to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let kind = self.by_name.get(&name).or_else(|| self.by_ending.get(ending)).map(String::as_str).unwrap_or_default();
        let is_beside = ["docprops/", "customxml/", "docmetadata/", "customui/", "word/glossary/", "_xmlsignatures/", "ppt/tags/"]
            .iter()
            .any(|folder| name.starts_with(folder));
        let has = |piece: &str| kind.to_ascii_lowercase().contains(piece);
        if is_beside || UNSEEN.iter().any(|unseen| kind.ends_with(unseen)) {
            Fate::Drop
        } else if has("vbaproject") || has("macroenabled") || has("activex") || has("vbadata") || has("controlproperties") {
            Fate::Block(Reason::Macros)
        } else if is_shown(kind) {
            Fate::Markup
        } else if matches!(kind, "image/jpeg" | "image/jpg" | "image/pjpeg" | "image/png" | "image/x-png") {
            Fate::Picture
        } else if is_package(kind) {
            Fate::Package
        } else {
            Fate::Block(Reason::Embedded)
        }
    }
}

fn is_shown(kind: &str) -> bool {
    let of = |prefix: &str, list: &str| kind.strip_prefix(prefix).is_some_and(|rest| list.split_whitespace().any(|known| known == rest));
    of("application/vnd.openxmlformats-officedocument.", SHOWN) || of("application/vnd.ms-", SHOWN_OF_OFFICE)
}

fn is_package(kind: &str) -> bool {
    let rest = kind.strip_prefix("application/vnd.openxmlformats-officedocument.").unwrap_or_default();
    matches!(rest, "spreadsheetml.sheet" | "wordprocessingml.document" | "presentationml.presentation")
}
