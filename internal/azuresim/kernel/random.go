package kernel

import (
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

func newRandom(seed int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), 0x617a75726573696d))
}

// GUID is the next id; the same seed and the same requests give the same ids.
func (s *Kernel) GUID() uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(s.Random.Uint32())
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Seeded is a stable number for a name under the server's seed.
func (s *Kernel) Seeded(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatInt(s.Seed, 10)))
	h.Write([]byte(name))
	return h.Sum64()
}

// HexID is a guid without dashes, as in the names of disks.
func HexID(id uuid.UUID) string { return hex.EncodeToString(id[:]) }

// DirectoryID is the same for the same name, always.
func DirectoryID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.ToLower(name))).String()
}
