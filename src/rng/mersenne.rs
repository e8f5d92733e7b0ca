//! MT19937 (Matsumoto and Nishimura 1998, with the seeding of 2002), from which NumPy's older generator and PyTorch's take
//! their bits.

/// Words of the state.
const WORDS: usize = 624;
/// How far the word lies that a new one is mixed with.
const APART: usize = 397;

/// A stream of random words.
#[derive(Clone, Debug)]
pub(super) struct Mersenne {
    words: [u32; WORDS],
    /// How many of them were given out.
    used: usize,
}

impl Mersenne {
    pub(super) fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for i in 1..WORDS {
            let before = words[i - 1];
            words[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { words, used: WORDS }
    }

    fn renew(&mut self) {
        for i in 0..WORDS {
            let joined = (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % WORDS] & 0x7fff_ffff);
            let turned = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + APART) % WORDS] ^ (joined >> 1) ^ turned;
        }
        self.used = 0;
    }

    pub(super) fn word(&mut self) -> u32 {
        if self.used == WORDS {
            self.renew();
        }
        let mut word = self.words[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }
}
