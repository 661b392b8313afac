//! The digits of all scripts, and those in circles, brackets and above or below the line, by Unicode's `Numeric_Type`.

/// The zeros that the other nine follow, in order.
const ZEROS: [u32; 79] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0x2080,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950,
    0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1F101, 0x1FBF0,
];

/// Others that follow each other: the first, its value, how many.
const OTHERS: [(u32, u8, u32); 19] = [
    (0xB2, 2, 2),
    (0xB9, 1, 1),
    (0x1369, 1, 9),
    (0x19DA, 1, 1),
    (0x2070, 0, 1),
    (0x2074, 4, 6),
    (0x2460, 1, 9),
    (0x2474, 1, 9),
    (0x2488, 1, 9),
    (0x24EA, 0, 1),
    (0x24F5, 1, 9),
    (0x24FF, 0, 1),
    (0x2776, 1, 9),
    (0x2780, 1, 9),
    (0x278A, 1, 9),
    (0x10A40, 1, 4),
    (0x10E60, 1, 9),
    (0x11052, 1, 9),
    (0x1F100, 0, 1),
];

/// What it counts, if it is a digit.
pub(super) fn value(c: char) -> Option<u8> {
    let code = u32::from(c);
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| at(0, code - ZEROS[0]));
    }
    let before = ZEROS.partition_point(|zero| *zero <= code);
    let offset = code - ZEROS[before - 1];
    if offset < 10 {
        return Some(at(0, offset));
    }
    let of = |(first, value, count): &(u32, u8, u32)| {
        let offset = code.checked_sub(*first).filter(|offset| offset < count)?;
        Some(at(*value, offset))
    };
    OTHERS.iter().find_map(of)
}

fn at(first: u8, offset: u32) -> u8 {
    first + u8::try_from(offset).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_many_scripts() {
        for (digits, values) in [
            ("0123456789", "0123456789"),
            ("\u{660}\u{669}\u{6f3}", "093"),
            ("\u{966}\u{96f}", "09"),
            ("\u{ff10}\u{ff19}", "09"),
            ("\u{1d7ce}\u{1d7d8}\u{1d7ff}", "009"),
            ("\u{2070}\u{b9}\u{b2}\u{b3}\u{2074}\u{2079}\u{2080}", "0123490"),
            ("\u{2460}\u{2468}\u{24ea}\u{1f10a}", "1909"),
        ] {
            let seen: String = digits
                .chars()
                .map(|c| char::from(b'0' + value(c).expect("a digit")))
                .collect();
            assert_eq!(seen, values);
        }
        for other in "aZ /:\u{bd}\u{2160}\u{4e00}\u{ff0f}\u{ff1a}\u{200b}\u{10ffff}".chars() {
            assert_eq!(value(other), None, "{other:?}");
        }
        assert!(ZEROS.is_sorted());
    }
}
