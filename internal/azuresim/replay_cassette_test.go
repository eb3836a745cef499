package azuresim_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exchange is one recorded request with the answer that Azure gave.
type exchange struct {
	Method          string            `json:"method"`
	Path            string            `json:"path"`
	Query           string            `json:"query"`
	RequestHeaders  map[string]string `json:"requestHeaders"`
	RequestBody     json.RawMessage   `json:"requestBody"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]any    `json:"responseHeaders"` // a string, or a list of them
	ResponseBody    json.RawMessage   `json:"responseBody"`

	cassette string
	line     int
}

func (e *exchange) String() string { return fmt.Sprintf("%s:%d", e.cassette, e.line) }

// cassette holds the exchanges of one of the recorders' tests with Azure, in order.
type cassette struct {
	name      string
	exchanges []*exchange
}

// recordingsVariable names the directory with the recordings.
const recordingsVariable = "VMSSR_RECORDINGS"

// readRecordings reads all cassettes, or skips the test where there are none.
func readRecordings(t *testing.T) []cassette {
	t.Helper()
	directory := os.Getenv(recordingsVariable)
	if directory == "" {
		directory = filepath.Join("..", "..", "..", "shared", "recordings")
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.jsonl"))
	if err != nil {
		t.Fatalf("looking for recordings: %v", err)
	}
	if len(files) == 0 {
		t.Skipf("NOT CHECKED: there are no recordings (*.jsonl) in %s, so it is not checked that the simulator answers as Azure does. "+
			"They are not part of this repository: put them beside it as shared/recordings, or name their directory in %s.",
			directory, recordingsVariable)
	}
	slices.Sort(files)
	cassettes := make([]cassette, 0, len(files))
	for _, file := range files {
		cassettes = append(cassettes, readCassette(t, file))
	}
	return cassettes
}

// maxLine is above the longest recorded exchange.
const maxLine = 16 << 20

func readCassette(t *testing.T, file string) cassette {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("reading a cassette: %v", err)
	}
	c := cassette{name: strings.TrimSuffix(filepath.Base(file), ".jsonl")}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		e := &exchange{cassette: c.name, line: n}
		if err := json.Unmarshal(lines.Bytes(), e); err != nil {
			t.Fatalf("reading %s: %v", e, err)
		}
		c.exchanges = append(c.exchanges, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("reading %s: %v", file, err)
	}
	return c
}

// sent is the request's body as it went over the wire; nil: there was none.
func (e *exchange) sent() []byte {
	if len(e.RequestBody) == 0 || string(e.RequestBody) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(e.RequestBody, &text) != nil {
		return e.RequestBody
	}
	// One recorder kept some bodies as Python writes a byte string.
	if inner, found := strings.CutPrefix(text, "b'"); found {
		text = pythonEscapes.Replace(strings.TrimSuffix(inner, "'"))
	}
	return []byte(text)
}

var pythonEscapes = strings.NewReplacer(`\\`, `\`, `\'`, `'`)

// header is a recorded header's first value.
func (e *exchange) header(name string) string {
	for key, value := range e.ResponseHeaders {
		if !strings.EqualFold(key, name) {
			continue
		}
		switch v := value.(type) {
		case string:
			return v
		case []any:
			if len(v) > 0 {
				return fmt.Sprint(v[0])
			}
		}
	}
	return ""
}

// decode reads JSON with numbers as they were written; no bytes are nil.
func decode(data []byte) (any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decoding JSON: %w", err)
	}
	return tree, nil
}
