//! The body of a message in TNEF: plain text, else what its RTF or HTML says.

use super::property::Value;
use super::{TnefMessage, code_page, compressed, rtf, tags};
use crate::domain::mime::charset;
use mail_parser::decoders::html::html_to_text;

pub(super) fn text(message: &TnefMessage<'_>) -> Option<String> {
    let plain = message.properties.text(&tags::BODY).or_else(|| message.body.clone());
    let text = plain.or_else(|| of_rtf(message)).or_else(|| of_html(message))?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn html<'a>(message: &TnefMessage<'a>) -> Option<(&'a [u8], String)> {
    let (bytes, code_page) = match message.properties.value(&tags::HTML)? {
        Value::Bytes(bytes) => {
            let declared = message.properties.number(&tags::INTERNET_CODEPAGE).and_then(|page| u32::try_from(page).ok());
            (*bytes, declared.unwrap_or(message.code_page))
        }
        Value::Narrow(bytes) => (*bytes, message.code_page),
        // 1200: UTF-16, little-endian.
        Value::Wide(bytes) => (*bytes, 1_200),
        Value::Number(_) | Value::Real(_) | Value::Time(_) | Value::Guid(_) | Value::Object(..) | Value::Many(_) => return None,
    };
    (!bytes.is_empty()).then(|| (bytes, code_page::charset_of(code_page)))
}

fn of_rtf(message: &TnefMessage<'_>) -> Option<String> {
    let rtf = compressed::unpack(message.properties.bytes(&tags::RTF_COMPRESSED)?, message.rtf)?;
    Some(rtf::text(&rtf, message.code_page)).filter(|text| !text.trim().is_empty())
}

fn of_html(message: &TnefMessage<'_>) -> Option<String> {
    let (bytes, charset) = html(message)?;
    Some(html_to_text(&charset::decode(bytes, Some(&charset))))
}
