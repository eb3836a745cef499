package statecodec_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

var take = flag.Bool("take", false, "write the golden files of the current version; for a new version, never for making the test pass")

// TestDecodeOfEncode: decoding gives the encoded state, for every state, in the plain and in the compact form, and is written alike again.
func TestDecodeOfEncode(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 0)), 0}
	forms := map[bool]int{}
	for n := range 150 {
		g.most = n % 25
		s := g.state()
		text := encode(t, s)
		got, err := statecodec.Decode(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Fatalf("the state changed (-written +read):\n%s", diff)
		}
		if again := encode(t, got); again != text {
			t.Fatalf("the same state has the texts %s and %s", text, again)
		}
		forms[strings.HasPrefix(text, "{")]++
	}
	if forms[true] < 10 || forms[false] < 50 {
		t.Errorf("%d plain texts and %d compact ones: the forms are not both tried", forms[true], forms[false])
	}
}

// TestReleasedVersions reads what released versions wrote: the text, and the same state as JSON. These files are never written again.
func TestReleasedVersions(t *testing.T) {
	for name, golden := range map[string]rollout.State{
		"v1-plain":   generator{rand.New(rand.NewPCG(2026, 12)), 2}.stateOf(8),
		"v1-compact": generator{rand.New(rand.NewPCG(2026, 12)), 6}.stateOf(1),
	} {
		file := filepath.Join("testdata", name)
		if *take {
			write(t, file+".txt", []byte(encode(t, golden)))
			expected, err := json.MarshalIndent(golden, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			write(t, file+".json", expected)
		}
		got, err := statecodec.Decode(strings.TrimSpace(string(read(t, file+".txt"))))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var want rollout.State
		if err := json.Unmarshal(read(t, file+".json"), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s reads differently (-then +now):\n%s", file, diff)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNoStateIsForgotten: text that is damaged, newer, or has what this version does not know is an error, never a part of a state.
func TestNoStateIsForgotten(t *testing.T) {
	for text, says := range map[string]string{
		"":                                    "decompressing",
		"no base64":                           "decompressing",
		"aGFsbG8=":                            "decompressing",
		"{":                                   "reading the version",
		"{}":                                  "has no version",
		`{"version":1,"state":{"tide":1}}`:    "unknown field",
		`{"version":1,"state":{"run":"one"}}`: "decoding the state",
		`{"version":1,"strings":["a"],"packed":{"scaleSet":{"id":1}}}`:                                 "string 1 of 1",
		`{"version":1,"strings":[],"packed":{"scaleSet":{"id":-1}}}`:                                   "string -1 of 0",
		`{"version":1,"strings":["a"],"packed":{"ledger":{"skipped":{"":"9","id":[0,0]}}}}`:            "do not fit together",
		`{"version":1,"strings":["a"],"packed":{"ledger":{"skipped":{"":"999999999"}}}}`:               "do not fit together",
		`{"version":1,"strings":["a"],"packed":{"ledger":{"skipped":{"":"2","id":[0,0],"vmId":[0]}}}}`: "do not fit together",
		`{"version":1,"strings":["a"],"packed":{"ledger":{"exposed":"no number"}}}`:                    "unpacking",
	} {
		if _, err := statecodec.Decode(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", text, err, says)
		}
	}
	_, err := statecodec.Decode(`{"version":7,"state":{"a":"form that this version does not know"}}`)
	if newer, is := errors.AsType[*statecodec.NewerVersionError](err); !is || newer.Found != 7 {
		t.Errorf("error %v, want that version 7 is newer", err)
	}
}

// TestDamageIsNoPanic: whatever becomes of the text, an error is all that follows.
func TestDamageIsNoPanic(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 0)), 20}
	document := decompressed(t, encode(t, g.stateOf(1)))
	for range 300 {
		damaged := bytes.Clone(document)
		for range 1 + g.IntN(3) {
			damaged[g.IntN(len(damaged))] = document[g.IntN(len(document))]
		}
		_, _ = statecodec.Decode(compressed(t, damaged)) // most of it is an error; some is another state
	}
}

// TestStatesAreComplete: a field that the state gains later is generated, so the tests above say something about it.
func TestStatesAreComplete(t *testing.T) {
	zero := map[string]bool{}
	g := generator{rand.New(rand.NewPCG(1, 0)), 2}
	for range 600 {
		visit(zero, "State", reflect.ValueOf(g.state()))
	}
	for field, isFilled := range zero {
		if !isFilled {
			t.Errorf("%s is never generated", field)
		}
	}
}

func visit(filled map[string]bool, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			visit(filled, path, v.Elem())
		}
	case reflect.Slice:
		for n := range v.Len() {
			visit(filled, path+"[]", v.Index(n))
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if field := v.Type().Field(n); field.IsExported() {
				name := path + "." + field.Name
				filled[name] = filled[name] || !v.Field(n).IsZero()
				visit(filled, name, v.Field(n))
			}
		}
	}
}

// generator fills states by reflection: every text, number, time and list of them, likely or not.
type generator struct {
	*rand.Rand
	most int // entries of a list
}

func (g generator) state() rollout.State { return g.stateOf(4) }

// stateOf returns a state in which one of so many fields is not zero.
func (g generator) stateOf(one int) rollout.State {
	var s rollout.State
	g.fill(reflect.ValueOf(&s).Elem(), one)
	return s
}

func (g generator) fill(v reflect.Value, one int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if g.IntN(one) == 0 {
			v.Set(reflect.ValueOf(time.Date(2026, 12, 1, 0, 0, 0, g.IntN(1e9), time.UTC).Add(time.Duration(g.IntN(1e6)) * time.Second)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for n := range v.NumField() {
			g.fill(v.Field(n), one)
		}
	case reflect.Pointer:
		if g.IntN(one) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			g.fill(v.Elem(), one)
		}
	case reflect.Slice:
		if n := g.IntN(g.most + 1); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				g.fill(v.Index(i), one)
			}
		}
	default:
		if g.IntN(one) == 0 {
			g.fillPlain(v)
		}
	}
}

func (g generator) fillPlain(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		words := []string{
			"web_0a1b2c3d", "0", "7", "true", "null", "{", "\"<ä\u2028…𝄞", "shop-frontend_" + string(rune('a'+g.IntN(26))),
			strings.Repeat("long ", g.IntN(50)),
		}
		v.SetString(words[g.IntN(len(words))])
	default:
		v.SetInt(1 + g.Int64N(1<<62>>g.IntN(60)))
	}
}

func encode(t *testing.T, s rollout.State) string {
	t.Helper()
	text, err := statecodec.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decompressed(t *testing.T, text string) []byte {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	document, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func compressed(t *testing.T, document []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(document); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}
