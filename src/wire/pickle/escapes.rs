//! The escapes in the texts of protocol 0.
//!
//! They matter beyond looks: a name that is written with escapes and then imported is that name all the same.

/// The bytes that a `STRING` line holds between its quotes: `codecs.escape_decode`. `None` for an escape that is none.
pub(super) fn string(line: &[u8]) -> Option<Vec<u8>> {
    let [quote @ (b'\'' | b'"'), inside @ .., last] = line else { return None };
    if quote != last {
        return None;
    }
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let [code, after @ ..] = rest else { return None };
        rest = after;
        match code {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => bytes.push(*code),
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b't' => bytes.push(b'\t'),
            b'n' => bytes.push(b'\n'),
            b'v' => bytes.push(11),
            b'f' => bytes.push(12),
            b'r' => bytes.push(b'\r'),
            b'0'..=b'7' => {
                let more = rest.iter().take(2).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
                let octal =
                    rest[..more].iter().fold(u32::from(code - b'0'), |sum, digit| sum * 8 + u32::from(digit - b'0'));
                // Python keeps the low byte of `\777`.
                bytes.push(octal.to_le_bytes()[0]);
                rest = &rest[more..];
            }
            b'x' => {
                bytes.push(hex(rest.get(..2)?)?.to_le_bytes()[0]);
                rest = &rest[2..];
            }
            other => bytes.extend([b'\\', *other]),
        }
    }
    Some(bytes)
}

/// The text of a `UNICODE` line: `raw-unicode-escape`, which knows `\u` and `\U` only and reads other bytes as Latin-1.
///
/// Half a surrogate pair becomes U+FFFD. `None` for an escape that is none.
pub(super) fn unicode(line: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, rest.first()) {
            (b'\\', Some(kind @ (b'u' | b'U'))) => {
                let digits = if *kind == b'u' { 4 } else { 8 };
                let code = hex(rest.get(1..=digits)?)?;
                let surrogate = (0xd800..0xe000).contains(&code);
                text.push(if surrogate { char::REPLACEMENT_CHARACTER } else { char::from_u32(code)? });
                rest = &rest[digits + 1..];
            }
            // The second of two backslashes begins no escape.
            (b'\\', Some(b'\\')) => {
                text.push_str("\\\\");
                rest = &rest[1..];
            }
            (byte, _) => text.push(char::from(*byte)),
        }
    }
    Some(text)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // What each is in CPython was asked of `codecs.escape_decode` and of the codec `raw-unicode-escape`.
    #[test]
    fn strings_have_the_escapes_of_python() {
        let of = |line: &[u8]| string(line).unwrap();
        assert_eq!(of(br"'o\x73'"), b"os");
        assert_eq!(of(br#""\157\163""#), b"os");
        assert_eq!(of(br"'\7778\08'"), b"\xff8\x008");
        assert_eq!(of(br"'\a\b\t\n\v\f\r\\\'\q'"), b"\x07\x08\t\n\x0b\x0c\r\\'\\q");
    }

    #[test]
    fn a_string_without_its_quotes_or_with_half_an_escape_is_refused() {
        for line in [b"os".as_slice(), b"'os", b"'os\"", b"'", b"", br"'\x7'", br"'\xzz'", br"'\'"] {
            assert_eq!(string(line), None, "{line:?}");
        }
    }

    #[test]
    fn unicode_lines_have_two_escapes_and_latin_1() {
        assert_eq!(unicode(br"o\u0073").unwrap(), "os");
        assert_eq!(unicode(br"\U0001f600").unwrap(), "\u{1f600}");
        assert_eq!(unicode(b"\xe9\\n").unwrap(), "é\\n");
        assert_eq!(unicode(br"\\u0073").unwrap(), r"\\u0073");
        assert_eq!(unicode(br"\ud800").unwrap(), "\u{fffd}");
        for line in [br"\u12".as_slice(), br"\uzzzz", br"\U00110000"] {
            assert_eq!(unicode(line), None, "{line:?}");
        }
    }
}
