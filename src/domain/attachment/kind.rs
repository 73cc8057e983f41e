//! What a file is: by its content first, then by its name and what was declared. Where they disagree, the most dangerous counts.

use super::sniff;

/// Kinds of files, in the order of how much may go wrong with them: a file that seems to be several things is the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Plain text.
    Text,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// PDF.
    Pdf,
    /// Office Open XML without macros: docx, xlsx, pptx.
    Office,
    /// A picture of another format.
    Picture,
    /// Sound or film.
    Media,
    /// OpenDocument.
    OpenDocument,
    /// Rich Text Format.
    Rtf,
    /// A visiting card (vCard).
    Contact,
    /// A public key or certificate.
    Key,
    /// Nothing that is known here.
    Unknown,
    /// Office documents in the binary formats before 2007, without macros.
    OldOffice,
    /// A mail message (eml, msg).
    Message,
    /// A zip or gzip, of which the content can be looked at.
    Archive,
    /// An archive or disk image that can't be looked into.
    SealedArchive,
    /// A calendar object.
    Calendar,
    /// A page for a browser: HTML, SVG, XML with a style sheet, MHTML.
    Page,
    /// An office document with macros or add-ins.
    Macros,
    /// A script or shortcut, run when it is opened.
    Script,
    /// A program or installer.
    Executable,
}

impl Kind {
    /// The most dangerous of what content, name and declared media type say. Where they say nothing it is [`Kind::Unknown`].
    pub fn of(bytes: &[u8], name: Option<&str>, declared: &str) -> Self {
        let told = [by_name(name.unwrap_or_default()), by_media_type(declared)];
        told.into_iter().flatten().fold(sniff::content(bytes), Self::max)
    }

    /// The word in alerts and reasons.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Pdf => "PDF",
            Self::Office => "office document",
            Self::Picture => "picture",
            Self::Media => "sound or film",
            Self::OpenDocument => "OpenDocument",
            Self::Rtf => "RTF",
            Self::Contact => "visiting card",
            Self::Key => "key",
            Self::Unknown => "unknown format",
            Self::OldOffice => "old office document",
            Self::Message => "message",
            Self::Archive => "archive",
            Self::SealedArchive => "sealed archive",
            Self::Calendar => "calendar object",
            Self::Page => "web page",
            Self::Macros => "macros",
            Self::Script => "script",
            Self::Executable => "program",
        }
    }
}

/// Endings of names, each with what it stands for.
const ENDINGS: &[(Kind, &str)] = &[
    (Kind::Text, "txt text log md csv tsv asc"),
    (Kind::Jpeg, "jpg jpeg jpe jfif"),
    (Kind::Png, "png apng"),
    (Kind::Pdf, "pdf"),
    (Kind::Office, "docx xlsx pptx dotx xltx potx ppsx"),
    (Kind::Picture, "gif webp bmp dib tif tiff heic heif avif ico psd jp2 emf wmf"),
    (Kind::Media, "mp3 mp4 m4a m4v wav ogg oga ogv opus flac avi mov mkv webm mpg mpeg wma wmv aac amr 3gp"),
    (Kind::OpenDocument, "odt ods odp odg odf ott ots otp"),
    (Kind::Rtf, "rtf"),
    (Kind::Contact, "vcf vcard"),
    (Kind::Key, "p7s p7c p7b cer crt pem der p12 pfx pgp gpg key"),
    (Kind::OldOffice, "doc xls ppt dot xlt pot pps pub vsd mpp xlsb"),
    (Kind::Message, "eml msg mbox emlx"),
    (Kind::Archive, "zip gz tgz"),
    (Kind::SealedArchive, "7z rar tar bz2 tbz xz txz zst lz lzh arj ace cab z uue iso img vhd vhdx vmdk dmg udf wim dat"),
    (Kind::Calendar, "ics vcs ical ifb"),
    (Kind::Page, "htm html xhtml xht shtml mht mhtml svg svgz xsl xslt mathml"),
    (Kind::Macros, "docm dotm xlsm xltm xlam pptm potm ppsm ppam sldm xla xll ppa wll one onepkg accdb accde mdb mde iqy slk"),
    (
        Kind::Script,
        "bat cmd btm ps1 ps1xml ps2 psc1 psd1 psm1 vb vbe vbs js jse mjs cjs ws wsc wsf wsh hta sct sh bash zsh csh ksh fish py pyc \
         pyw pl pm rb php php5 phtml lua tcl ahk au3 command workflow scpt applescript lnk url website webloc desktop inf ins isp reg \
         rdp jnlp scf library-ms search-ms settingcontent-ms appref-ms gadget theme themepack diagcab chm hlp msh msh1 mst csproj sln",
    ),
    (
        Kind::Executable,
        "exe com scr pif cpl dll sys drv ocx msi msp msix msixbundle appx appxbundle application jar class war apk xapk ipa app deb rpm \
         pkg run bin elf so dylib ko efi gadget air vxd xbap",
    ),
];

/// What the last ending of a name stands for. Readers of names drop dots and spaces at the end, and so does this.
fn by_name(name: &str) -> Option<Kind> {
    let ending = ending(name)?;
    let is_named = |(_, endings): &&(Kind, &str)| endings.split_whitespace().any(|known| known == ending);
    // The list is in the order of danger: the last that names it counts.
    ENDINGS.iter().rev().find(is_named).map(|(kind, _)| *kind)
}

/// The last ending in lower case.
pub(super) fn ending(name: &str) -> Option<String> {
    // An alternate stream of NTFS (`a.exe::$DATA`) and what looks like nothing are no part of the ending.
    let name = name.split(':').next().unwrap_or_default();
    let seen: String = name.chars().filter(|c| !c.is_control() && !is_unseen(*c)).collect();
    let seen = seen.trim_matches(|c: char| c.is_whitespace() || c == '.');
    seen.rsplit_once('.').map(|(_, ending)| ending.trim().to_lowercase()).filter(|ending| !ending.is_empty())
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Media types that say more than nothing; `application/octet-stream` claims nothing.
fn by_media_type(declared: &str) -> Option<Kind> {
    let declared = declared.trim().to_ascii_lowercase();
    let has = |piece: &str| declared.contains(piece);
    Some(match declared.as_str() {
        "text/html" | "application/xhtml+xml" | "image/svg+xml" | "application/mathml+xml" | "multipart/related" => Kind::Page,
        "text/calendar" | "application/ics" | "text/x-vcalendar" | "application/calendar" | "text/ical" => Kind::Calendar,
        "text/vcard" | "text/x-vcard" | "text/directory" => Kind::Contact,
        "text/rtf" | "application/rtf" => Kind::Rtf,
        "image/jpeg" | "image/jpg" | "image/pjpeg" => Kind::Jpeg,
        "image/png" | "image/x-png" => Kind::Png,
        "application/pdf" | "application/x-pdf" => Kind::Pdf,
        "application/zip" | "application/x-zip-compressed" | "application/gzip" | "application/x-gzip" => Kind::Archive,
        "application/x-7z-compressed" | "application/vnd.rar" | "application/x-rar-compressed" | "application/x-tar" => Kind::SealedArchive,
        "application/ms-tnef" | "application/vnd.ms-tnef" => Kind::SealedArchive,
        "application/vnd.ms-outlook" => Kind::Message,
        "application/pgp-keys" => Kind::Key,
        "application/hta" | "application/x-sh" | "application/x-bat" | "application/x-php" => Kind::Script,
        "application/x-msdownload" | "application/x-dosexec" | "application/x-msi" | "application/java-archive" => Kind::Executable,
        "application/vnd.microsoft.portable-executable" | "application/x-executable" => Kind::Executable,
        _ if has("macroenabled") => Kind::Macros,
        _ if has("javascript") || has("ecmascript") || has("vbscript") || has("powershell") => Kind::Script,
        _ if declared.starts_with("application/vnd.openxmlformats-officedocument.") => Kind::Office,
        _ if declared.starts_with("application/vnd.oasis.opendocument.") => Kind::OpenDocument,
        _ if declared.starts_with("message/") => Kind::Message,
        _ if has("pkcs7") || has("x-x509") || has("pkix-") => Kind::Key,
        _ if declared.starts_with("image/") => Kind::Picture,
        _ if declared.starts_with("audio/") || declared.starts_with("video/") => Kind::Media,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_dangerous_of_name_and_content_counts() {
        let of = |bytes: &[u8], name: &str, declared: &str| Kind::of(bytes, Some(name), declared);
        let pdf = b"%PDF-1.7\n1 0 obj\n";
        assert_eq!(of(pdf, "plan.pdf", "application/pdf"), Kind::Pdf);
        assert_eq!(of(pdf, "plan", "application/octet-stream"), Kind::Pdf);
        assert_eq!(of(pdf, "plan.pdf.exe", "application/pdf"), Kind::Executable);
        assert_eq!(of(b"MZ\x90\0\x03\0\0\0", "plan.pdf", "application/pdf"), Kind::Executable);
        assert_eq!(of(b"\xff\xd8\xff\xe0junk", "photo.png", "image/png"), Kind::Png);
        assert_eq!(of(b"<html><script>", "photo.jpg", "image/jpeg"), Kind::Page);
        assert_eq!(of(b"\x01\x02\x03\x04", "photo.jpg", "image/jpeg"), Kind::Unknown);
        assert_eq!(of(b"WScript.Echo 1", "notes.txt", "text/plain"), Kind::Text);
        assert_eq!(of(b"WScript.Echo 1", "notes.vbs", "text/plain"), Kind::Script);
        assert_eq!(of(b"Bonjour", "notes.txt", "application/javascript"), Kind::Script);
    }

    #[test]
    fn endings_as_systems_read_them() {
        for name in ["a.exe", "A.EXE", "a.exe.", "a.exe ", "a.pdf.exe", "a.exe::$DATA", "fdp.\u{202e}exe", "a.e\u{200b}xe", "x/../a.exe"] {
            assert_eq!(by_name(name), Some(Kind::Executable), "{name}");
        }
        for name in ["exe", "", ".", "a.", "a.b.unheard"] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }

    #[test]
    fn the_table_stands_in_the_order_of_danger() {
        let kinds: Vec<Kind> = ENDINGS.iter().map(|(kind, _)| *kind).collect();
        assert!(kinds.windows(2).all(|pair| pair[0] < pair[1]), "{kinds:?}");
    }
}
