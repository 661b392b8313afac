//! Web origins as browsers send them, so that they can be compared letter by letter.

/// The origin as a browser sends it: `scheme://host`, with a port unless it is the usual one. Says what is wrong with what is
/// none.
pub fn normal(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| format!("{text}: begin with https:// or http://"))?;
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err(format!("{text}: only https and http are web origins")),
    };
    if rest.contains('*') {
        return Err(format!(
            "{text}: no wildcards; name each web site by itself, such as https://www.example.com"
        ));
    }
    if rest.contains(['/', '?', '#', '@', '\\']) {
        return Err(format!(
            "{text}: only scheme, host and port, such as https://www.example.com; no path and nothing after it"
        ));
    }
    let (host, port) = split(rest).ok_or_else(|| format!("{text}: the port must be 1–65535"))?;
    if !is_host(host) {
        return Err(format!(
            "{text}: not a host name; one with other letters is written as browsers send it, with xn--"
        ));
    }
    Ok(match port {
        Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

fn split(rest: &str) -> Option<(&str, Option<u16>)> {
    let after_host = rest.rfind(']').unwrap_or(0);
    match rest[after_host..].find(':') {
        None => Some((rest, None)),
        Some(at) => {
            let (host, port) = rest.split_at(after_host + at);
            let digits = &port[1..];
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let port: u16 = digits.parse().ok().filter(|port| is_plain && *port > 0)?;
            Some((host, Some(port)))
        }
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // As it is written shortest, which is how browsers write it.
        let parsed = address.parse::<std::net::Ipv6Addr>();
        return parsed.is_ok_and(|parsed| parsed.to_string() == address);
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for (given, expected) in [
            ("https://www.example.com", "https://www.example.com"),
            (" HTTPS://WWW.Example.COM:443 ", "https://www.example.com"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://xn--mller-kva.example", "https://xn--mller-kva.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://127.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(normal(given).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_what_to_write() {
        for (given, said) in [
            ("www.example.com", "begin with https://"),
            ("*", "begin with https://"),
            ("null", "begin with https://"),
            ("https://*.example.com", "no wildcards"),
            ("https://www.example.com/", "no path"),
            ("https://www.example.com/shop", "no path"),
            ("https://www.example.com?x", "no path"),
            ("https://user@www.example.com", "no path"),
            ("ftp://www.example.com", "only https"),
            ("https://", "not a host name"),
            ("https://a..b", "not a host name"),
            ("https://a b", "not a host name"),
            ("https://müller.example", "xn--"),
            ("https://a;b", "not a host name"),
            ("https://a'b", "not a host name"),
            ("https://a:0", "port"),
            ("https://a:", "port"),
            ("https://a:65536", "port"),
            ("https://a:+80", "port"),
            ("http://[0:0::1]", "not a host name"),
            ("http://[::1", "port"),
        ] {
            let problem = normal(given).expect_err(given);
            assert!(problem.contains(said), "{given}: {problem}");
        }
    }
}
