/// Eight bytes at a time, eight times side by side.
const LANES: usize = 8;
/// After so many rounds the lanes are mixed.
const ROUNDS: usize = 64;

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const KEYS: [u64; ROUNDS + LANES] = {
    let mut keys = [0; ROUNDS + LANES];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = mix((at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        at += 1;
    }
    keys
};

/// A number that tells bytes from others, and from the same ones in another place. Products of 32 bits, each byte with a key
/// of its place, summed in lanes; as XXH3 does it.
#[inline(never)]
pub fn print(bytes: &[u8], place: u64) -> u64 {
    let mut lanes: [u64; LANES] = std::array::from_fn(|lane| KEYS[lane]);
    let (stripes, rest) = bytes.as_chunks::<{ 8 * LANES }>();
    for stripes in stripes.chunks(ROUNDS) {
        for (round, stripe) in stripes.iter().enumerate() {
            take(&mut lanes, stripe, round);
        }
        for (lane, key) in lanes.iter_mut().zip(&KEYS) {
            *lane = (*lane ^ (*lane >> 47) ^ key).wrapping_mul(0x9e37_79b1);
        }
    }
    let mut last = [0; 8 * LANES];
    last[..rest.len()].copy_from_slice(rest);
    take(&mut lanes, &last, ROUNDS / 2);
    let begin = mix(place ^ mix(bytes.len() as u64));
    lanes.into_iter().fold(begin, |print, lane| mix(print.wrapping_mul(3) ^ lane))
}

#[inline(always)]
fn take(lanes: &mut [u64; LANES], stripe: &[u8; 8 * LANES], round: usize) {
    let words = stripe.as_chunks::<8>().0;
    for lane in 0..LANES {
        let word = u64::from_le_bytes(words[lane]);
        let keyed = word ^ KEYS[round + lane];
        // The word itself goes to its neighbour, so that no product of zero hides it.
        let other = u64::from_le_bytes(words[lane ^ 1]);
        lanes[lane] = lanes[lane].wrapping_add((keyed & 0xffff_ffff).wrapping_mul(keyed >> 32)).wrapping_add(other);
    }
}
