package vmprofile

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// positionOf returns the line and the column right behind the name of a member and its colon, where Azure's reader stands when it does not
// know the member (azure-cli#18855). Where the member cannot be found, that is the beginning.
func positionOf(raw []byte, path string) (line, column int) {
	w := walker{decoder: json.NewDecoder(bytes.NewReader(raw)), wanted: path}
	if !w.value("") {
		return 1, 1
	}
	end := int(w.decoder.InputOffset())
	end += max(0, bytes.IndexByte(raw[end:], ':')) + 1
	before := raw[:min(end, len(raw))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - (1 + bytes.LastIndexByte(before, '\n'))
}

// walker reads JSON until it has read the name of a member.
type walker struct {
	decoder *json.Decoder
	wanted  string
}

// value reads a value, and reports whether the member's name was the last that it read.
func (w *walker) value(path string) bool {
	token, err := w.decoder.Token()
	if err != nil {
		return false
	}
	switch token {
	case json.Delim('{'):
		return w.object(path)
	case json.Delim('['):
		return w.array(path)
	}
	return false
}

func (w *walker) object(path string) bool {
	for w.decoder.More() {
		token, err := w.decoder.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return false
		}
		below := strings.TrimPrefix(path+"."+name, ".")
		if strings.EqualFold(below, w.wanted) || w.value(below) {
			return true
		}
	}
	_, _ = w.decoder.Token() // the end, or an error that the next read meets, too
	return false
}

func (w *walker) array(path string) bool {
	for i := 0; w.decoder.More(); i++ {
		if w.value(path + "[" + strconv.Itoa(i) + "]") {
			return true
		}
	}
	_, _ = w.decoder.Token() // as above
	return false
}
