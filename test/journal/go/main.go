// Reads a published journal with Go's own implementation of transparency logs (golang.org/x/mod/sumdb), and says what is wrong with it.
//
//	main FOLDER PROOFS
//
// FOLDER has the log as tiles (c2sp.org/tlog-tiles), PROOFS is what the station's API answered, as JSON.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proofs struct {
	// The log's and the witness's keys, as they were pinned.
	LogKey     string `json:"log_key"`
	WitnessKey string `json:"witness_key"`
	// The witness's word, as it stands under the checkpoint: seconds since 1970.
	CosignedAt uint64 `json:"cosigned_at"`
	Inclusion  []struct {
		Index int64
		Proof []string
	} `json:"inclusion"`
	Consistency []struct {
		Size  int64
		Root  string
		Proof []string
	} `json:"consistency"`
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(folder, file string) error {
	var given proofs
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	tree, err := checkpoint(folder, given)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	// Each tile that it reads is held against the tree's root.
	reader := tlog.TileHashReader(tree, &tiles{folder, tree.N})
	leaves, err := entries(folder, tree, reader)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	for _, one := range given.Inclusion {
		proof, err := hashes(one.Proof)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, one.Index, leaves[one.Index]); err != nil {
			return fmt.Errorf("inclusion of %d: %w", one.Index, err)
		}
		own, err := tlog.ProveRecord(tree.N, one.Index, reader)
		if err != nil || !same(own, proof) {
			return fmt.Errorf("inclusion of %d: Go proves it otherwise (%v)", one.Index, err)
		}
	}
	for _, one := range given.Consistency {
		proof, err := hashes(one.Proof)
		if err != nil {
			return err
		}
		root, err := hashes([]string{one.Root})
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, one.Size, root[0]); err != nil {
			return fmt.Errorf("consistency from %d: %w", one.Size, err)
		}
		own, err := tlog.ProveTree(tree.N, one.Size, reader)
		if err != nil || !same(own, proof) {
			return fmt.Errorf("consistency from %d: Go proves it otherwise (%v)", one.Size, err)
		}
	}
	fmt.Printf("size %d root %s inclusion %d consistency %d\n", tree.N, tree.Hash, len(given.Inclusion), len(given.Consistency))
	return nil
}

func checkpoint(folder string, given proofs) (tree tlog.Tree, err error) {
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint.cosigned"))
	if err != nil {
		return tree, err
	}
	log, err := note.NewVerifier(given.LogKey)
	if err != nil {
		return tree, err
	}
	witness, err := newWitness(given.WitnessKey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(text, note.VerifierList(log, witness))
	if err != nil {
		return tree, err
	}
	if len(opened.Sigs) != 2 || witness.time != given.CosignedAt {
		return tree, fmt.Errorf("signed by %d keys, cosigned at %d", len(opened.Sigs), witness.time)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != log.Name() || lines[3] != "" {
		return tree, fmt.Errorf("%q is no checkpoint of %s", opened.Text, log.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// A cosignature of c2sp.org/tlog-cosignature, which Go's note package doesn't know of itself.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
	time uint64
}

func newWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("no key of a witness")
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	return &witness{name: parts[0], id: binary.BigEndian.Uint32(id[:4]), key: key[1:]}, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.id }
func (w *witness) Verify(text, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	w.time = binary.BigEndian.Uint64(signature)
	return ed25519.Verify(w.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", w.time, text)), signature[8:])
}

// The folder, as tlog.TileReader. Go's own paths have the height in them.
type tiles struct {
	folder string
	size   int64
}

func (t *tiles) Height() int                     { return 8 }
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// The hash of every entry, each held against the tree.
func entries(folder string, tree tlog.Tree, reader tlog.HashReader) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for n := int64(0); n*256 < tree.N; n++ {
		tile := tlog.Tile{H: 8, L: 0, N: n, W: 256}
		if rest := tree.N - n*256; rest < 256 {
			tile.W = int(rest)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		var indexes []int64
		for len(data) > 0 {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s ends within an entry", path)
			}
			length := 2 + int(binary.BigEndian.Uint16(data))
			indexes = append(indexes, tlog.StoredHashIndex(0, int64(len(all))))
			all = append(all, tlog.RecordHash(data[2:length]))
			data = data[length:]
		}
		if len(indexes) != tile.W {
			return nil, fmt.Errorf("%s has %d entries", path, len(indexes))
		}
		stored, err := reader.ReadHashes(indexes)
		if err != nil {
			return nil, err
		}
		if !same(stored, all[n*256:]) {
			return nil, fmt.Errorf("%s is not what the tree holds", path)
		}
	}
	return all, nil
}

func hashes(hexed []string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, one := range hexed {
		bytes, err := hex.DecodeString(one)
		if err != nil || len(bytes) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", one)
		}
		all = append(all, tlog.Hash{})
		copy(all[len(all)-1][:], bytes)
	}
	return all, nil
}

func same(a, b []tlog.Hash) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
