// Command tlogcheck verifies a directory that Watchword published, with the Go project's own implementation of signed
// notes and transparency logs. It shares no code with Watchword: that is the point.
//
// Usage: tlogcheck [-earlier FILE] DIRECTORY VERIFIER-KEY
package main

import (
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8 // C2SP tlog-tiles: 256 hashes

func main() {
	earlier := flag.String("earlier", "", "a checkpoint kept from before")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: tlogcheck [-earlier FILE] DIRECTORY VERIFIER-KEY")
		os.Exit(2)
	}
	if err := check(flag.Arg(0), flag.Arg(1), *earlier); err != nil {
		fmt.Fprintln(os.Stderr, "tlogcheck:", err)
		os.Exit(1)
	}
}

func check(directory, key, earlier string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(filepath.Join(directory, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	// This reader proves every tile against the signed root before it gives out a hash.
	reader := tlog.TileHashReader(tree, tiles{directory})
	if err := checkEntries(directory, tree, reader); err != nil {
		return err
	}
	if earlier != "" {
		if err := checkEarlier(earlier, verifier, tree, reader); err != nil {
			return err
		}
	}
	fmt.Printf("tlogcheck: %d entries, root %s: verified\n", tree.N, tree.Hash)
	return nil
}

func openCheckpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("%s: not a checkpoint of %s", path, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("%s: bad root hash", path)
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// checkEntries hashes every entry and compares it with the proven hash in its tile; some also get a proof of their own.
func checkEntries(directory string, tree tlog.Tree, reader tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += 1 << tileHeight {
		width := min(tree.N-first, 1<<tileHeight)
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		path := tlog.Tile{H: tileHeight, L: 0, N: first >> tileHeight, W: int(width)}.Path()
		bundle, err := os.ReadFile(filepath.Join(directory, strings.Replace(path, "tile/8/0/", "tile/entries/", 1)))
		if err != nil {
			return err
		}
		for i, hash := range hashes {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("entry %d is cut", first+int64(i))
			}
			entry := bundle[2 : 2+int(binary.BigEndian.Uint16(bundle))]
			if tlog.RecordHash(entry) != hash {
				return fmt.Errorf("entry %d is not what the log holds", first+int64(i))
			}
			bundle = bundle[2+len(entry):]
		}
		if len(bundle) != 0 {
			return fmt.Errorf("%d bytes after the entries of %s", len(bundle), path)
		}
		last := first + width - 1
		proof, err := tlog.ProveRecord(tree.N, last, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, last, hashes[width-1]); err != nil {
			return err
		}
	}
	return nil
}

func checkEarlier(path string, verifier note.Verifier, tree tlog.Tree, reader tlog.HashReader) error {
	old, err := openCheckpoint(path, verifier)
	if err != nil || old.N == 0 {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

// tiles reads tiles under their tlog-tiles names, which leave out the height that Go's have.
type tiles struct{ directory string }

func (t tiles) Height() int { return tileHeight }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.directory, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(data))
		}
		out = append(out, data)
	}
	return out, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
