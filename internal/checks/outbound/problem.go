package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Kind classifies why a call has no answer. The set is closed.
type Kind string

// The kinds of problem.
const (
	// KindRefused: the policy does not permit the call. Nothing was sent.
	KindRefused Kind = "Refused"
	// KindUnreachable: the name does not resolve, no server listens, or the connection was closed before an answer.
	KindUnreachable Kind = "Unreachable"
	// KindTimedOut: the total time for the call was over.
	KindTimedOut Kind = "TimedOut"
	// KindCanceled: the caller gave up.
	KindCanceled Kind = "Canceled"
	// KindTooLarge: the answer is longer than the limit.
	KindTooLarge Kind = "TooLarge"
	// KindBadAnswer: what was answered is not HTTP, or its certificate is not trusted.
	KindBadAnswer Kind = "BadAnswer"
)

// Problem is why a call has no answer. Its message is made of constant text and of the host and port as they were declared; it
// deliberately wraps no other error, since those of net/http and crypto/x509 quote the answer and the whole URL.
type Problem struct {
	Kind    Kind
	Message string
}

// Error says what happened.
func (p *Problem) Error() string { return p.Message }

func refused(format string, args ...any) *Problem {
	return &Problem{Kind: KindRefused, Message: "refused by policy: " + fmt.Sprintf(format, args...)}
}

// ProblemOf classifies any error of a client of this package, also one that a library wrapped.
func ProblemOf(err error) *Problem { return classify(err, "the endpoint") }

// classify turns an error into a problem of the named endpoint. Only types and sentinel values are looked at, never texts.
func classify(err error, endpoint string) *Problem {
	if known := (*Problem)(nil); errors.As(err, &known) {
		return known
	}
	kind, what := kindOf(err)
	return &Problem{Kind: kind, Message: fmt.Sprintf("%s %s", endpoint, what)}
}

func kindOf(err error) (Kind, string) {
	var (
		timeout net.Error
		unknown *net.DNSError
		op      *net.OpError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return KindCanceled, "was not waited for"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return KindTimedOut, "did not answer in time"
	case isTLS(err):
		return KindBadAnswer, "could not be spoken to by TLS: its certificate is not trusted, or it does not speak TLS 1.2 or later"
	case errors.As(err, &unknown):
		return KindUnreachable, "cannot be found: its name does not resolve"
	case errors.As(err, &op) && op.Op == "dial":
		return KindUnreachable, "cannot be reached"
	case isCutOff(err):
		return KindUnreachable, "closed the connection before it had answered"
	default:
		return KindBadAnswer, "the answer is not HTTP, or not TLS where TLS is required"
	}
}

func isTLS(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert)
}

func isCutOff(err error) bool {
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
