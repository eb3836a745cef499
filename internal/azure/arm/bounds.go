package arm

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// bounds are what is read of one answer, decoded. The SDK buffers each body whole and makes many small values of it, so that not only its
// bytes count: an empty object is two bytes of JSON and hundreds of memory.
type bounds struct {
	bytes  int // of text
	opened int // objects and lists
	commas int // members and items, roughly
}

var (
	// ofAnswer has room for a page of 1,000 instances with their views, of some 7 kB and 80 objects each (docs/azure.md §6).
	ofAnswer = bounds{bytes: 8 << 20, opened: 100_000, commas: 400_000}
	// ofError has room for a hundred times the longest error that was seen.
	ofError = bounds{bytes: 1 << 20, opened: 5_000, commas: 20_000}
)

// MaxListed is how many instances are read of a list. A scale set has at most 1,000, and while some are replaced a list shows more.
const MaxListed = 2_000

// maxPages is how many pages are read of a list.
const maxPages = 1_100

// errTooLong is that an answer goes beyond its bounds.
var errTooLong = errors.New("the answer is too long and was not read to its end")

// Transport lets no answer be longer than it may. It wraps the transport, since the SDK buffers the body before any policy sees it;
// what is compressed is decoded below it, so that the decoded size counts.
type Transport struct{ policy.Transporter }

// Do implements policy.Transporter.
func (t Transport) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.Transporter.Do(req)
	if err != nil || resp.Body == nil {
		return resp, err
	}
	body := &boundedBody{ReadCloser: resp.Body, left: ofAnswer}
	if resp.StatusCode >= http.StatusBadRequest {
		body.left, body.cut = ofError, &atomic.Bool{}
		if x, ok := req.Context().Value(callKey{}).(*Call); ok {
			body.cut = &x.cut
		}
	}
	resp.Body = body
	return resp, nil
}

// boundedBody is a body that ends at its bounds: with an error, or for a refusal, whose status says enough, without its rest.
type boundedBody struct {
	io.ReadCloser
	left bounds
	cut  *atomic.Bool // of a refusal: it was cut short

	inString, escaped bool
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	for _, c := range p[:n] {
		b.count(c)
	}
	if b.left.bytes >= 0 && b.left.opened >= 0 && b.left.commas >= 0 {
		return n, err
	}
	if b.cut == nil {
		return 0, errTooLong
	}
	b.cut.Store(true)
	return 0, io.EOF
}

// count takes one byte of JSON off what is left.
func (b *boundedBody) count(c byte) {
	b.left.bytes--
	switch {
	case b.escaped:
		b.escaped = false
	case b.inString && c == '\\':
		b.escaped = true
	case c == '"':
		b.inString = !b.inString
	case b.inString:
	case c == '{' || c == '[':
		b.left.opened--
	case c == ',':
		b.left.commas--
	}
}

// What is kept of an error.
const (
	maxDetails = 64 // of one answer
	maxDepth   = 4  // of details within details
)

// Pages counts the pages of one list, and knows the links that led to them.
type Pages struct {
	n     int
	links map[string]bool
}

// Next notes the link to the next page, and returns why it is not to be followed, "" if it is.
func (p *Pages) Next(link string) string {
	p.n++
	switch {
	case link == "":
		return ""
	case p.links[link]:
		return "a page leads back to an earlier one"
	case p.n >= maxPages:
		return fmt.Sprintf("there are more than %d pages, and no more are read", maxPages)
	}
	if p.links == nil {
		p.links = map[string]bool{}
	}
	p.links[link] = true
	return ""
}
