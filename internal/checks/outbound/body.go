package outbound

import (
	"fmt"
	"io"
)

// boundedBody reads at most the limit, turns errors into problems, and gives the endpoint's place back when it is closed.
type boundedBody struct {
	from     io.ReadCloser
	left     int64 // negative: there is more than the limit
	endpoint string
	leave    func()
}

// Read fails as soon as more than the limit was answered.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, tooLarge(b.endpoint)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge(b.endpoint)
	}
	if err != nil && err != io.EOF {
		return n, classify(err, b.endpoint)
	}
	return n, err
}

// Close gives the place back.
func (b *boundedBody) Close() error {
	defer b.leave()
	return b.from.Close()
}

func tooLarge(endpoint string) *Problem {
	return &Problem{Kind: KindTooLarge, Message: fmt.Sprintf("%s answered more than %d bytes", endpoint, maxBody)}
}
