//! How deep the tree of an expression can become, told from its text. The interpreter's parser descends with the text, and a
//! thread's stack is not endless: what is too deep must not come to it.

/// An upper bound: open brackets, and operators strung together within them. Terms of `&&` and `||`, and arguments, stand
/// beside one another; `?` goes on to the right.
pub(super) fn of(text: &str) -> usize {
    let (mut levels, mut questions, mut most) = (vec![0_usize], 0_usize, 0);
    for letter in without_literals(text).chars() {
        match letter {
            '(' | '[' | '{' => levels.push(1),
            ')' | ']' | '}' if levels.len() > 1 => _ = levels.pop(),
            '&' | '|' | ',' => {
                if let Some(level) = levels.last_mut() {
                    *level = 0;
                }
            }
            '?' => questions += 2,
            letter if letter.is_ascii_punctuation() && letter != '_' => {
                if let Some(level) = levels.last_mut() {
                    *level += 1;
                }
            }
            _ => {}
        }
        most = most.max(levels.len() + levels.iter().sum::<usize>() + questions);
    }
    most
}

/// Without what stands between quotes, where that is plain: with escapes or threefold quotes everything counts.
fn without_literals(text: &str) -> String {
    if text.contains(['\\', '\n']) || text.contains("'''") || text.contains("\"\"\"") {
        return text.to_owned();
    }
    let (mut quote, mut code) = (None, String::new());
    for letter in text.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            // A comment, up to the end: there is but one line.
            (None, '/') if code.ends_with('/') => break,
            (None, letter) => code.push(letter),
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_and_chains_count_and_what_stands_side_by_side_does_not() {
        for (text, expected) in [
            ("a", 1),
            ("((a))", 5),
            ("a.b", 2),
            ("a.b && c.d || e.f", 2),
            ("f(a.b, c.d)", 4),
            ("a ? b : c", 4),
            ("1 + 1 + 1", 3),
            ("a == '((((+++'", 3),
            ("a == '\\'((('", 13),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        let many = ["answers.reason == 'broken'"; 40].join(" || ");
        assert!(of(&many) < 10);
    }

    #[test]
    fn nothing_hides_in_literals() {
        for text in [
            format!("r'\\' + {}", "(".repeat(50)),
            format!("''' ' ''' + {}", "(".repeat(50)),
            format!("1 // '\n {}", "(".repeat(50)),
        ] {
            assert!(of(&text) > 50, "{text}");
        }
    }
}
