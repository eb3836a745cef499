package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// Via says by which way an instance is called.
type Via string

// The ways to an instance.
const (
	// ViaPrivateAddress is the instance's own address.
	ViaPrivateAddress Via = "PrivateAddress"
	// ViaNAT is the instance's own port at the load balancer.
	ViaNAT Via = "NATPort"
)

// HTTP asks one instance itself. Behind a load balancer's shared port any instance may answer, so there is no URL here.
type HTTP struct {
	Via         Via
	Scheme      string // http or https
	Port        uint16 // on the instance
	Path        string // with query; "": /
	Method      string // GET or HEAD; "": GET
	Host        string // the Host header; "": the address
	Header      map[string]string
	Status      []StatusRange  // "": 200 to 299
	BodyRegex   string         // RE2; "": any body
	JSON        *JSONCondition // nil: any body
	TLS         outbound.TLS
	Credentials Credentials
	Timeout     time.Duration
}

// StatusRange is a range of HTTP status codes, both ends included.
type StatusRange struct{ From, To int }

// maxRegex bounds a pattern; RE2 takes time in proportion to pattern and body.
const maxRegex = 1024

type httpProbe struct {
	HTTP
	ports Ports
	body  *regexp.Regexp
	json  *jsonProbe
}

func newHTTP(h HTTP, p Ports) (Probe, error) {
	if err := h.check(p); err != nil {
		return nil, err
	}
	if len(h.Status) == 0 {
		h.Status = []StatusRange{{From: 200, To: 299}}
	}
	probe := &httpProbe{HTTP: h, ports: p}
	if h.BodyRegex != "" {
		var err error
		if probe.body, err = regexp.Compile(h.BodyRegex); err != nil || len(h.BodyRegex) > maxRegex {
			return nil, fmt.Errorf("the body's pattern is not RE2 of at most %d bytes", maxRegex)
		}
	}
	if h.JSON != nil {
		var err error
		if probe.json, err = h.JSON.compile(p.Excerpt); err != nil {
			return nil, err
		}
	}
	return probe, nil
}

func (h HTTP) check(p Ports) error {
	if err := h.checkForm(); err != nil {
		return err
	}
	if err := h.checkHeader(); err != nil {
		return err
	}
	if p.Outbound == nil {
		return errors.New("nothing makes calls here")
	}
	// Any address will do to see whether the URL can be written.
	if err := outbound.CheckURL(h.url(netip.AddrPortFrom(netip.IPv4Unspecified(), h.Port))); err != nil {
		return err
	}
	if err := h.TLS.Check(); err != nil {
		return err
	}
	return h.Credentials.check(h.Scheme, p)
}

func (h HTTP) checkForm() error {
	switch {
	case h.Via != ViaPrivateAddress && h.Via != ViaNAT:
		return fmt.Errorf("via is %s or %s", ViaPrivateAddress, ViaNAT)
	case h.Scheme != "http" && h.Scheme != "https":
		return errors.New("scheme is http or https")
	case h.Port == 0:
		return errors.New("port is missing")
	case !isPath(h.Path):
		return errors.New("path begins with / and is written as in a URL")
	case h.Method != "" && h.Method != http.MethodGet && h.Method != http.MethodHead:
		return errors.New("method is GET or HEAD: a check changes nothing")
	default:
		return nil
	}
}

// checkHeader refuses what proves who asks: it would stand in the object for everybody to read, and take the place of credentials.
func (h HTTP) checkHeader() error {
	for name, value := range h.Header {
		if strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("header %s: its value is one line of text, without control characters", name)
		}
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Proxy-Authorization", "Cookie":
			return fmt.Errorf("header %s: what proves who asks belongs into credentials", name)
		}
	}
	return nil
}

// url is the declared path at an address. The path cannot change the host.
func (h HTTP) url(at netip.AddrPort) string {
	path := h.Path
	if path == "" {
		path = "/"
	}
	return h.Scheme + "://" + at.String() + path
}

func isPath(path string) bool {
	_, err := url.ParseRequestURI(path)
	return path == "" || path[0] == '/' && err == nil
}

// Measure asks the instance.
func (h *httpProbe) Measure(ctx context.Context, s Subject) Measurement {
	if s.Instance == nil {
		return errored("an http check is about an instance; declare scope Instance")
	}
	at, err := h.locate(ctx, s.Set, *s.Instance)
	if err != nil {
		return errored("%v", err)
	}
	header, err := h.Credentials.header(ctx, h.ports.Secrets, s.Namespace, grant.Request{Use: grant.Check, Host: at.String()})
	if err != nil {
		return errored("%v", err)
	}
	for name, value := range h.Header {
		header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	answer, err := h.ports.Outbound.Do(ctx, outbound.Request{
		Method: h.Method, URL: h.url(at), Host: h.Host, Header: header, TLS: h.TLS, Timeout: h.Timeout,
	})
	if err != nil {
		return errored("%v", err)
	}
	return h.judge(ctx, answer)
}

// locate says where the instance is called. Only what the subject does not say is looked up, and what else could not be read does not
// matter.
func (h *httpProbe) locate(ctx context.Context, set ScaleSet, i Instance) (netip.AddrPort, error) {
	if at, known := h.endpoint(i); known {
		return at, nil
	}
	found, lost := located(ctx, h.ports.Addresses, set, i)
	if at, known := h.endpoint(found); known {
		return at, nil
	}
	none := fmt.Sprintf("instance %s has no known %s for port %d", i.ID, h.Via, h.Port)
	if lost != nil {
		none += ": " + lost.why
	}
	return netip.AddrPort{}, errors.New(none)
}

func (h *httpProbe) endpoint(i Instance) (netip.AddrPort, bool) {
	if h.Via == ViaNAT {
		at, known := i.NAT[h.Port]
		return at, known && at.IsValid()
	}
	return netip.AddrPortFrom(i.Address, h.Port), i.Address.IsValid()
}

// judge holds an answer against what was declared: first its status, then its body.
func (h *httpProbe) judge(ctx context.Context, answer outbound.Response) Measurement {
	m := Measurement{Outcome: Passed, Value: strconv.Itoa(answer.Status), Threshold: h.wants(), Samples: 1}
	isWanted := slices.ContainsFunc(h.Status, func(r StatusRange) bool { return r.From <= answer.Status && answer.Status <= r.To })
	switch {
	case !isWanted:
		m.Outcome, m.Detail = Failed, fmt.Sprintf("status %d is not %s", answer.Status, m.Threshold)
	case h.body != nil && !h.body.Match(answer.Body):
		m.Outcome, m.Detail = Failed, "the body does not match the declared pattern"
	case h.json != nil:
		return h.json.judge(ctx, answer.Body)
	}
	return m
}

func (h *httpProbe) wants() string {
	text := "status "
	for n, r := range h.Status {
		if n > 0 {
			text += ", "
		}
		text += strconv.Itoa(r.From)
		if r.To != r.From {
			text += "-" + strconv.Itoa(r.To)
		}
	}
	return text
}
