//! Passwords that somebody chose, for commands: from a file, the standard input or the environment, never from arguments, which
//! everybody on the machine can read.

use crate::settings::administrator_password;
use onqueue_model::Fault;
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::Path,
};

/// No password is longer: what comes after is not read.
const LONGEST: u64 = 16_384;

/// The first line of the file (`-` is the standard input), else what the environment holds; `None` if nobody chose one.
pub fn given(file: Option<&Path>) -> Result<Option<String>, Fault> {
    let Some(file) = file else {
        return Ok(administrator_password());
    };
    let line = match file.as_os_str() == "-" {
        true => first_line(io::stdin()),
        false => File::open(file).and_then(first_line),
    };
    line.map(Some)
        .map_err(|error| Fault::unavailable(format!("{}: {error}", file.display())))
}

fn first_line(from: impl Read) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(from.take(LONGEST)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        for (text, expected) in [
            ("four words of chance\nand more", "four words of chance"),
            ("with blanks \r\n", "with blanks "),
            ("no end", "no end"),
            ("", ""),
        ] {
            assert_eq!(first_line(text.as_bytes()).expect("read"), expected, "{text:?}");
        }
    }
}
