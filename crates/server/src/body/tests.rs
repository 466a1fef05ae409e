//! Inflating in pieces.

use std::io::Write as _;

use super::*;

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

#[test]
fn every_piece_is_admitted_before_it_is_there() {
    for bytes in [0, 1, INFLATE_PIECE_BYTES_MIN, 3 * INFLATE_PIECE_BYTES_MAX + 1] {
        let text: Vec<u8> = (0..bytes).map(|index| (index / 1000) as u8).collect();
        let body = gzip(&text);
        let mut admitted = Vec::new();
        let admit = |bytes| {
            admitted.push(bytes);
            Ok(())
        };
        let inflated = inflate(body.clone(), Encoding::Gzip, bytes, admit).unwrap();
        assert!(inflated == text, "{bytes}");
        assert!(
            admitted.is_sorted() && *admitted.last().unwrap() > body.len() + bytes,
            "{admitted:?}"
        );
        let steps = admitted.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(steps.max().unwrap_or(0) <= INFLATE_PIECE_BYTES_MAX, "{admitted:?}");
        if bytes > 0 {
            let error = inflate(body, Encoding::Gzip, bytes - 1, |_| Ok(())).unwrap_err();
            assert_eq!(error.status, StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
}

#[test]
fn a_body_that_is_refused_is_not_inflated_further() {
    let body = gzip(&vec![b' '; 64 << 20]);
    let mut admitted = Vec::new();
    let admit = |bytes| {
        admitted.push(bytes);
        match bytes < 1 << 20 {
            true => Ok(()),
            false => Err(ApiError::unavailable("full")),
        }
    };
    assert_eq!(
        inflate(body, Encoding::Gzip, usize::MAX, admit),
        Err(ApiError::unavailable("full"))
    );
    assert!(*admitted.last().unwrap() < 3 << 20, "{admitted:?}");
}
