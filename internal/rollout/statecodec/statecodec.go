// Package statecodec writes the state of a rollout as text and reads it back. Both are pure.
//
// The text is JSON with a version. A small state stays legible. A large one is written in a compact form, compressed with gzip and encoded
// with base64. Decode returns exactly what Encode was given, and reads the text of every released version.
package statecodec

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Version is the version that Encode writes. It rises when a change makes older text mean something else. A new field needs no new version:
// an older controller refuses text with a field that it does not know.
const Version = 1

const (
	maxPlain   = 4 << 10 // bytes of the plain form; a longer text is compressed
	maxDecoded = 8 << 20 // bytes of the decompressed form, whatever the text claims; 1,000 instances take about 100 KiB
)

// NewerVersionError is the error for text of a version that this code does not know.
type NewerVersionError struct{ Found int }

// Error implements error.
func (e *NewerVersionError) Error() string {
	return fmt.Sprintf("the state has version %d, and this controller reads versions up to %d", e.Found, Version)
}

// plain is the legible form.
type plain struct {
	Version int           `json:"version"`
	State   rollout.State `json:"state"`
}

// packed is the compact form.
type packed struct {
	Version int      `json:"version"`
	Strings []string `json:"strings"`
	Packed  any      `json:"packed"`
}

// Encode returns the state as text. The same state always has the same text.
func Encode(s rollout.State) (string, error) {
	text, err := json.Marshal(plain{Version: Version, State: s})
	if err != nil {
		return "", fmt.Errorf("encoding the state: %w", err)
	}
	if len(text) <= maxPlain {
		return string(text), nil
	}
	text, err = pack(text)
	if err != nil {
		return "", fmt.Errorf("packing the state: %w", err)
	}
	return base64.StdEncoding.EncodeToString(text), nil
}

// Decode returns the state that the text holds. The text of a newer version, and text that is damaged, is an error.
func Decode(text string) (rollout.State, error) {
	document := []byte(text)
	if !strings.HasPrefix(text, "{") {
		var err error
		if document, err = decompress(text); err != nil {
			return rollout.State{}, fmt.Errorf("decompressing the state: %w", err)
		}
	}
	var head struct {
		Version int             `json:"version"`
		Packed  json.RawMessage `json:"packed"`
	}
	if err := json.Unmarshal(document, &head); err != nil {
		return rollout.State{}, fmt.Errorf("reading the version of the state: %w", err)
	}
	switch {
	case head.Version > Version:
		return rollout.State{}, &NewerVersionError{Found: head.Version}
	case head.Version < 1:
		return rollout.State{}, errors.New("the state has no version")
	case head.Packed != nil:
		var err error
		if document, err = unpack(document); err != nil {
			return rollout.State{}, fmt.Errorf("unpacking the state: %w", err)
		}
	}
	var read plain
	if err := strictly(document, &read); err != nil {
		return rollout.State{}, fmt.Errorf("decoding the state: %w", err)
	}
	return read.State, nil
}

// strictly decodes JSON and refuses fields that the value does not have: they hold what a newer controller needs.
func strictly(document []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// pack returns a document in the compact form, compressed.
func pack(document []byte) ([]byte, error) {
	var read struct {
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return nil, err
	}
	tree, err := treeOf(read.State)
	if err != nil {
		return nil, err
	}
	table := tableOf(tree)
	text, err := json.Marshal(packed{Version: Version, Strings: table.sorted, Packed: table.compact(tree)})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unpack returns the plain form of a document in the compact form.
func unpack(document []byte) ([]byte, error) {
	var read struct {
		Version int             `json:"version"`
		Strings []string        `json:"strings"`
		Packed  json.RawMessage `json:"packed"`
	}
	if err := strictly(document, &read); err != nil {
		return nil, err
	}
	tree, err := treeOf(read.Packed)
	if err != nil {
		return nil, err
	}
	state, err := expand(tree, read.Strings)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"version": read.Version, "state": state})
}

// decompress returns what was compressed.
func decompress(text string) ([]byte, error) {
	compressed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	document, err := io.ReadAll(io.LimitReader(r, maxDecoded))
	return document, errors.Join(err, r.Close())
}

// treeOf returns JSON as maps, slices, strings, numbers as they are written, and booleans.
func treeOf(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	err := d.Decode(&tree)
	return tree, err
}
