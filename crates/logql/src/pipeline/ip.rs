//! `ip("...")`: addresses, ranges and networks, of both versions.

use std::net::IpAddr;

/// What an address is looked for in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IpMatcher {
    /// From the first to the last, inclusive; of one version.
    Range(IpAddr, IpAddr),
}

impl IpMatcher {
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let invalid = || format!("ip: invalid pattern: \"{pattern}\"");
        let address = |text: &str| text.trim().parse::<IpAddr>().map_err(|_| invalid());
        if let Some((network, bits)) = pattern.split_once('/') {
            let bits: u32 = bits.parse().map_err(|_| invalid())?;
            return network_range(address(network)?, bits).ok_or_else(invalid);
        }
        if let Some((first, last)) = pattern.split_once('-') {
            let (first, last) = (address(first)?, address(last)?);
            if first.is_ipv4() != last.is_ipv4() || first > last {
                return Err(invalid());
            }
            return Ok(Self::Range(first, last));
        }
        let only = address(pattern)?;
        Ok(Self::Range(only, only))
    }

    fn contains(&self, address: IpAddr) -> bool {
        let Self::Range(first, last) = *self;
        first.is_ipv4() == address.is_ipv4() && first <= address && address <= last
    }

    /// Whether the text contains an address that is meant.
    pub(crate) fn is_in_line(&self, line: &[u8]) -> bool {
        let Self::Range(first, _) = self;
        let belongs: fn(u8) -> bool = if first.is_ipv4() {
            |byte| byte.is_ascii_digit() || byte == b'.'
        } else {
            |byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'
        };
        line.split(|&byte| !belongs(byte)).any(|candidate| {
            let text = std::str::from_utf8(candidate).unwrap_or("");
            // `10.0.0.1.` at the end of a sentence, `fe80::1:` before a text.
            let trimmed = text.trim_end_matches('.');
            [text, trimmed, trimmed.trim_end_matches(':')]
                .iter()
                .any(|text| text.parse().is_ok_and(|address| self.contains(address)))
        })
    }
}

fn network_range(address: IpAddr, bits: u32) -> Option<IpMatcher> {
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            let first = u32::from(address) & !host;
            let range = |first: u32, last: u32| IpMatcher::Range(IpAddr::V4(first.into()), IpAddr::V4(last.into()));
            (bits <= 32).then(|| range(first, first | host))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or(0);
            let first = u128::from(address) & !host;
            let range = |first: u128, last: u128| IpMatcher::Range(IpAddr::V6(first.into()), IpAddr::V6(last.into()));
            (bits <= 128).then(|| range(first, first | host))
        }
    }
}
