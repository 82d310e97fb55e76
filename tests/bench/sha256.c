/*
 * A plain SHA-256 (FIPS 180-4), as a purgatory in C has it: compiled with -O2, without SSE, without a C library.
 * `cargo xtask bench purgatory` measures our purgatory against it.
 */
typedef unsigned int u32;
typedef unsigned char u8;

static const u32 K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 ror(u32 x, int by) { return x >> by | x << (32 - by); }
static u32 big_endian(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }

/* One round, with the names rotated instead of the values. */
#define ROUND(a, b, c, d, e, f, g, h, i) do { \
	u32 first = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (g ^ (e & (f ^ g))) + K[i] + w[i]; \
	u32 second = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) | (c & (a | b))); \
	d += first; \
	h = first + second; \
} while (0)

static void compress(u32 *state, const u8 *block)
{
	u32 w[64];
	u32 a = state[0], b = state[1], c = state[2], d = state[3];
	u32 e = state[4], f = state[5], g = state[6], h = state[7];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = big_endian(block + 4 * i);
	for (; i < 64; i++) {
		u32 early = w[i - 15], late = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (ror(early, 7) ^ ror(early, 18) ^ early >> 3)
			+ (ror(late, 17) ^ ror(late, 19) ^ late >> 10);
	}
	for (i = 0; i < 64; i += 8) {
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

/* The SHA-256 of `length` bytes, to 32 bytes at `digest`. */
void plain_sha256(const u8 *bytes, unsigned long length, u8 *digest)
{
	u32 state[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	unsigned long rest = length % 64, blocks = rest < 56 ? 1 : 2, i;
	u8 tail[128];

	for (i = 0; i < length / 64; i++)
		compress(state, bytes + 64 * i);
	for (i = 0; i < 128; i++)
		tail[i] = i < rest ? bytes[length - rest + i] : i == rest ? 0x80 : 0;
	for (i = 0; i < 8; i++)
		tail[64 * blocks - 1 - i] = (u8)(length * 8 >> 8 * i);
	for (i = 0; i < blocks; i++)
		compress(state, tail + 64 * i);
	for (i = 0; i < 32; i++)
		digest[i] = (u8)(state[i / 4] >> (24 - i % 4 * 8));
}
