//! Decimal numbers as float64, at the weight of a few lines: the standard library's way is quick and brings a table of 10 KiB.
//!
//! For what is read once: a number of a pickle as text, or in the filter.

/// The most digits that tell which float64 is the nearest: half way between two takes 767.
const MOST_DIGITS: usize = 800;

/// The nearest float64, to even where two are as near; as [`str::parse`] has it, which also knows `inf` and `nan`.
pub fn parse(text: &str) -> Option<f64> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = match text.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        plain => unsigned(plain)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn unsigned(text: &str) -> Option<f64> {
    let (number, exponent) = match text.split_once('e') {
        Some((number, exponent)) => (number, whole(exponent)?),
        None => (text, 0),
    };
    let (before, behind) = number.split_once('.').unwrap_or((number, ""));
    if before.len() + behind.len() == 0 || !before.bytes().chain(behind.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut digits: Vec<u8> = before.bytes().chain(behind.bytes()).map(|digit| digit - b'0').collect();
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..leading);
    let mut exponent = exponent.saturating_sub(i64::try_from(behind.len()).ok()?);
    if digits.len() > MOST_DIGITS {
        exponent = exponent.saturating_add(i64::try_from(digits.len() - MOST_DIGITS).ok()?);
        let rest = digits.split_off(MOST_DIGITS);
        // What is cut off can only tell that it is more than half way.
        if rest.iter().any(|digit| *digit != 0) {
            digits.push(1);
            exponent = exponent.saturating_sub(1);
        }
    }
    let magnitude = i64::try_from(digits.len()).ok()?.saturating_add(exponent);
    match magnitude {
        _ if digits.is_empty() => Some(0.0),
        ..-330 => Some(0.0),
        311.. => Some(f64::INFINITY),
        _ => Some(rounded(&digits, i32::try_from(exponent).ok()?)),
    }
}

/// A whole number with a sign; one that no number needs is as good as the largest.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().unwrap_or(i64::MAX / 2);
    Some(if text.starts_with('-') { -number } else { number })
}

/// The digits times ten to the power of `exponent`, as the nearest float64.
fn rounded(digits: &[u8], exponent: i32) -> f64 {
    let mut number = Large(Vec::new());
    for digit in digits {
        number.times(10, (*digit).into());
    }
    for _ in 0..exponent.max(0) {
        number.times(10, 0);
    }
    // Room for 64 bits and more of the quotient, whatever it is divided by: a power of ten takes less than four bits.
    let shift = if exponent < 0 { 64 + exponent.unsigned_abs() * 4 } else { 0 };
    for _ in 0..shift.div_ceil(16) {
        number.times(1 << 16, 0);
    }
    let shift = shift.div_ceil(16) * 16;
    let mut rest = false;
    for _ in 0..exponent.min(0).unsigned_abs() {
        rest |= number.divide(10) != 0;
    }
    number.nearest(shift.cast_signed(), rest)
}

/// A whole number of any size, the lowest 32 bits first, without zeros at the top.
struct Large(Vec<u32>);

impl Large {
    fn times(&mut self, factor: u64, plus: u64) {
        let mut carry = plus;
        for part in &mut self.0 {
            let product = u64::from(*part) * factor + carry;
            (*part, carry) = (low(product), product >> 32);
        }
        if carry > 0 {
            self.0.push(low(carry));
        }
    }

    /// Divides it; what remains.
    fn divide(&mut self, by: u64) -> u64 {
        let mut rest = 0;
        for part in self.0.iter_mut().rev() {
            let whole = rest << 32 | u64::from(*part);
            (*part, rest) = (low(whole / by), whole % by);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        rest
    }

    /// It times two to the power of minus `shift`, and a little more if `rest`, as the nearest float64.
    fn nearest(&self, shift: i32, rest: bool) -> f64 {
        let bit = |at: i32| {
            let word = usize::try_from(at / 32).ok().filter(|_| at >= 0).and_then(|word| self.0.get(word));
            word.is_some_and(|word| word >> (at % 32) & 1 == 1)
        };
        let Some(last) = self.0.last() else { return 0.0 };
        let top = i32::try_from(self.0.len() * 32).expect("a few thousand") - 1 - last.leading_zeros().cast_signed();
        // The exponent of the highest bit, and of the lowest that float64 keeps.
        let power = top - shift;
        let lowest = (power - 52).max(-1074) + shift;
        let mut mantissa = (lowest..=top).rev().fold(0u64, |mantissa, at| mantissa << 1 | u64::from(bit(at)));
        let half = bit(lowest - 1);
        let beyond = rest || (0..lowest - 1).any(bit);
        mantissa += u64::from(half && (beyond || mantissa & 1 == 1));
        // The bits of a float64 rise with it: what is carried out of the mantissa goes to the exponent.
        let exponent = u64::try_from((power + 1022).max(0)).unwrap_or(0);
        f64::from_bits(((exponent << 52) + mantissa).min(f64::INFINITY.to_bits()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(text: &str) -> bool {
        match (parse(text), text.parse::<f64>().ok()) {
            (Some(a), Some(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    #[test]
    fn edges_are_those_of_the_standard_library() {
        let half = format!("{:.1100}", f64::from_bits(1));
        let texts = [
            "0",
            "-0",
            "+1.5",
            ".5",
            "5.",
            ".",
            "",
            "+",
            "e5",
            "1e",
            "1e+",
            "1e400",
            "1e-400",
            "inf",
            "-Infinity",
            "NaN",
            "1_0",
            "0x1",
            "1E5",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.797693134862315708e308",
            "1.7976931348623159e308",
            "9007199254740993",
            "0.1",
            "1e23",
            "8.5e22",
            "123456789012345678901234567890e-10",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            &half,
            "00000000000000000000000000000000000000000000000001.5",
            "9007199254740992.99999999999999999999999999999999999",
        ];
        for text in texts {
            assert!(same(text), "{text}: {:?}", parse(text));
        }
    }

    proptest! {
        #[test]
        fn every_float_is_read_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let texts = [format!("{value:?}"), format!("{value}"), format!("{value:e}")];
            prop_assert!(texts.iter().all(|text| same(text)), "{:?}", texts);
        }

        #[test]
        fn any_text_of_digits_is_read_as_the_standard_library_reads_it(text in "[-+]?[0-9]{0,30}\\.?[0-9]{0,30}(e[-+]?[0-9]{1,3})?") {
            prop_assert!(same(&text), "{text}: {:?}", parse(&text));
        }

        #[test]
        fn numbers_half_way_between_two_go_to_the_even_one(bits in 1f64.to_bits()..2f64.powi(53).to_bits(), more in 0usize..3) {
            // All digits of the middle, which are the exact ones of a float with one bit more: found as a fraction of whole numbers.
            let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
            let (a, b) = (format!("{low:.60}"), format!("{high:.60}"));
            let middle = mean(&a, &b) + &"0".repeat(more) + if more == 2 { "1" } else { "" };
            prop_assert!(same(&middle), "{middle}");
        }
    }

    /// The mean of two decimals with 60 digits behind the point, exactly.
    fn mean(a: &str, b: &str) -> String {
        let digits =
            |text: &str| -> Vec<u8> { text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect() };
        let (a, b) = (digits(a), digits(b));
        let len = a.len().max(b.len());
        let at = |digits: &[u8], place: usize| if place < digits.len() { digits[digits.len() - 1 - place] } else { 0 };
        let mut sum = Vec::new();
        let mut carry = 0;
        for place in 0..len {
            let all = at(&a, place) + at(&b, place) + carry;
            sum.push(all % 10);
            carry = all / 10;
        }
        sum.push(carry);
        let mut text = String::new();
        let mut rest = 0;
        for (place, digit) in sum.iter().enumerate().rev() {
            let all = rest * 10 + digit;
            text.push(char::from(b'0' + all / 2));
            rest = all % 2;
            if place == 60 {
                text.push('.');
            }
        }
        text + if rest == 1 { "5" } else { "" }
    }
}
