package outbound_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

// serve listens on loopback and returns the server with a client that may reach it and nothing else.
func serve(t *testing.T, start func(http.Handler) *httptest.Server, h http.HandlerFunc) (*httptest.Server, *outbound.Client) {
	t.Helper()
	server := start(h)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	list, err := outbound.ParseAllowList(fmt.Sprintf("127.0.0.1/32:%d", server.Listener.Addr().(*net.TCPAddr).Port))
	if err != nil {
		t.Fatal(err)
	}
	return server, outbound.New(outbound.Options{Allow: list})
}

func TestListedLoopbackIsCalled(t *testing.T) {
	server, client := serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Host, r.Header.Get("X-Asked"), r.URL.Path)
	})
	got, err := client.Do(t.Context(), outbound.Request{Method: "PUT", URL: server.URL + "/up", Host: "shop.example",
		Header: http.Header{"X-Asked": {"1"}}, Body: []byte("{}")})
	if err != nil || got.Status != http.StatusTeapot || string(got.Body) != "PUT shop.example 1 /up" {
		t.Fatalf("got %d %q, %v", got.Status, got.Body, err)
	}
}

// TestKernelIsAsked is about the real dialer: an unlisted listener on loopback is not even connected to.
func TestKernelIsAsked(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	for _, allow := range []string{"", "127.0.0.1/32:1", "127.0.0.2/32:1-65535"} {
		list, err := outbound.ParseAllowList(allow)
		if err != nil {
			t.Fatal(err)
		}
		_, err = outbound.New(outbound.Options{Allow: list}).Do(t.Context(), outbound.Request{URL: server.URL})
		if kindOf(t, err) != outbound.KindRefused {
			t.Errorf("with %q: got %v, want it refused", allow, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

// TestSocketIsAsked leaves out the judgement before the dial: the socket itself is not connected to what is refused.
func TestSocketIsAsked(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	to := netip.MustParseAddrPort(listener.Addr().String())
	for allow, permitted := range map[string]bool{"": false, "127.0.0.1/32:1": false, fmt.Sprintf("127.0.0.1/32:%d", to.Port()): true} {
		list, err := outbound.ParseAllowList(allow)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []netip.AddrPort{to, netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()), to.Port())} {
			conn, err := outbound.Network(list)(t.Context(), form)
			if (err == nil) != permitted || (err != nil && outbound.ProblemOf(err).Kind != outbound.KindRefused) {
				t.Errorf("%s with %q: %v", form, allow, err)
			}
			if err == nil {
				conn.Close()
			}
		}
	}
}

func TestEnvironmentProxyIsNotUsed(t *testing.T) {
	client, err := outbound.New(outbound.Options{}).HTTP(outbound.TLS{})
	if err != nil || outbound.HasProxy(client) {
		t.Errorf("a proxy is asked, %v", err)
	}
}

// TestPlacesAreGivenBack lets calls end in every way at an endpoint that has one place.
func TestPlacesAreGivenBack(t *testing.T) {
	e := newEarth(payload{hosts: map[string][][]string{"x.example": {{"127.0.0.1"}, {"93.184.215.14"}, {"127.0.0.1"}, {"93.184.215.14"}}}})
	client := outbound.New(outbound.Options{Resolver: e, Dial: e.dial, PerEndpoint: 1})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for n := range 4 {
		_, err := client.Do(t.Context(), outbound.Request{URL: "http://x.example/", Timeout: time.Minute})
		if (err == nil) != (n%2 == 1) {
			t.Errorf("call %d: %v", n, err)
		}
		if _, err := client.Do(cancelled, outbound.Request{URL: "http://x.example/"}); kindOf(t, err) != outbound.KindCanceled {
			t.Errorf("call %d, cancelled: %v", n, err)
		}
	}
	if n := outbound.Busy(client); n != 0 {
		t.Errorf("%d endpoints are remembered", n)
	}
}

func TestTLS(t *testing.T) {
	server, client := serve(t, httptest.NewTLSServer, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, tc := range map[string]struct {
		tls  outbound.TLS
		want outbound.Kind
	}{
		"trusted":            {tls: outbound.TLS{CA: ca}},
		"by another name":    {tls: outbound.TLS{CA: ca, ServerName: "example.com"}},
		"not for this name":  {tls: outbound.TLS{CA: ca, ServerName: "other.test"}, want: outbound.KindBadAnswer},
		"authority unknown":  {want: outbound.KindBadAnswer},
		"authority not PEM":  {tls: outbound.TLS{CA: []byte("PRIVATE")}, want: outbound.KindRefused},
		"authority is empty": {tls: outbound.TLS{CA: []byte(" ")}, want: outbound.KindRefused},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.Do(t.Context(), outbound.Request{URL: server.URL, TLS: tc.tls})
			if (tc.tls.Check() == nil) == (tc.want == outbound.KindRefused) {
				t.Errorf("declared: %v", tc.tls.Check())
			}
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if kindOf(t, err) != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server, client := serve(t, func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		s.StartTLS()
		return s
	}, func(http.ResponseWriter, *http.Request) {})
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	_, err := client.Do(t.Context(), outbound.Request{URL: server.URL, TLS: outbound.TLS{CA: ca}})
	if kindOf(t, err) != outbound.KindBadAnswer {
		t.Errorf("got %v", err)
	}
}

// TestBadAnswers holds that whatever an endpoint says in place of HTTP, nothing of it is in the error.
func TestBadAnswers(t *testing.T) {
	big := strings.Repeat("x", 2<<20)
	for name, tc := range map[string]struct {
		answer string
		want   outbound.Kind
	}{
		"nothing":             {"", outbound.KindUnreachable},
		"not HTTP":            {"SSH-2.0-" + loot + "\r\n", outbound.KindBadAnswer},
		"a bad status":        {"HTTP/1.1 " + loot + "\r\n\r\n", outbound.KindBadAnswer},
		"a bad header":        {"HTTP/1.1 200 OK\r\n" + loot + "\r\n\r\n", outbound.KindBadAnswer},
		"a bad length":        {"HTTP/1.1 200 OK\r\nContent-Length: " + loot + "\r\n\r\n", outbound.KindBadAnswer},
		"a bad chunk":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + loot + "\r\n", outbound.KindBadAnswer},
		"a bad encoding":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + loot + "\r\n\r\n", outbound.KindBadAnswer},
		"a body cut off":      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + loot, outbound.KindUnreachable},
		"a long body":         {"HTTP/1.1 200 OK\r\n\r\n" + loot + big, outbound.KindTooLarge},
		"a long body, said":   {"HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n" + loot, outbound.KindTooLarge},
		"a long body, unsent": {"HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n", outbound.KindTooLarge},
		"a long header":       {"HTTP/1.1 200 OK\r\nX: " + loot + big + "\r\n\r\n", outbound.KindBadAnswer},
		"many headers before": {strings.Repeat("HTTP/1.1 103 Early\r\nX: "+loot+"\r\n\r\n", 5000), outbound.KindBadAnswer},
		"another protocol": {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + loot + "\r\nConnection: upgrade\r\n\r\n",
			outbound.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := clientOf(tc.answer).Do(t.Context(), outbound.Request{URL: "http://good.example/?token=SECRET"})
			if kindOf(t, err) != tc.want {
				t.Errorf("got %q, want %s", err, tc.want)
			}
			if strings.Contains(err.Error(), loot) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%q tells too much", err)
			}
		})
	}
}

// TestStatusOnly holds that what was answered has been answered, whatever comes after the status.
func TestStatusOnly(t *testing.T) {
	for name, answer := range map[string]string{
		"no body":           "HTTP/1.1 202 Accepted\r\n\r\n",
		"a body cut off":    "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n" + loot,
		"a long body, said": "HTTP/1.1 202 Accepted\r\nContent-Length: 2097152\r\n\r\n" + loot,
		"a bad chunk":       "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n" + loot,
	} {
		client := clientOf(answer)
		got, err := client.Do(t.Context(), outbound.Request{URL: "http://good.example/", StatusOnly: true})
		if err != nil || got.Status != 202 || len(got.Body) > 0 || outbound.Busy(client) > 0 {
			t.Errorf("%s: got %+v, %v; %d places are taken", name, got, err, outbound.Busy(client))
		}
	}
	if _, err := clientOf("HTTP/1.1 "+loot+"\r\n\r\n").Do(t.Context(),
		outbound.Request{URL: "http://good.example/", StatusOnly: true}); kindOf(t, err) != outbound.KindBadAnswer {
		t.Errorf("no status: %v", err)
	}
}

// clientOf is a client for which every server gives the one answer, byte for byte.
func clientOf(answer string) *outbound.Client {
	return outbound.New(outbound.Options{
		Resolver: newEarth(payload{}),
		Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				if _, err := theirs.Read(make([]byte, 4096)); err == nil {
					_, _ = theirs.Write([]byte(answer))
				}
			}()
			return ours, nil
		},
	})
}

func TestUnreachable(t *testing.T) {
	e := newEarth(payload{})
	_, err := e.client(t, "").Do(t.Context(), outbound.Request{URL: "http://unknown.example/"})
	if kindOf(t, err) != outbound.KindUnreachable {
		t.Errorf("a name that does not resolve: %v", err)
	}
	listener, errListen := net.Listen("tcp", "127.0.0.1:0")
	if errListen != nil {
		t.Fatal(errListen)
	}
	address := listener.Addr().String()
	listener.Close()
	list, errParse := outbound.ParseAllowList("127.0.0.0/8:1-65535")
	if errParse != nil {
		t.Fatal(errParse)
	}
	_, err = outbound.New(outbound.Options{Allow: list}).Do(t.Context(), outbound.Request{URL: "http://" + address})
	if kindOf(t, err) != outbound.KindUnreachable {
		t.Errorf("no server listens: %v", err)
	}
}

// TestTotalTime lets endpoints be slow in every phase, in virtual time.
func TestTotalTime(t *testing.T) {
	for name, say := range map[string]string{
		"never answers":         "",
		"answers half a header": "HTTP/1.1 200 OK\r\nX: ",
		"answers half a body":   "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := outbound.New(outbound.Options{Resolver: newEarth(payload{}), Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer theirs.Close()
						_, _ = theirs.Read(make([]byte, 4096))
						_, _ = theirs.Write([]byte(say))
						_, _ = theirs.Read(make([]byte, 1)) // until the client closes
					}()
					return ours, nil
				}})
				began := time.Now()
				_, err := client.Do(t.Context(), outbound.Request{URL: "http://slow.example/", Timeout: 3 * time.Second})
				if kindOf(t, err) != outbound.KindTimedOut || time.Since(began) != 3*time.Second {
					t.Errorf("got %v after %s", err, time.Since(began))
				}
			})
		})
	}
}

// TestTooManyAtOnce holds the bound of calls to one endpoint, and that waiting for a place is part of the total time.
func TestTooManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		client := outbound.New(outbound.Options{PerEndpoint: 3, Resolver: newEarth(payload{}),
			Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second) // virtual
				now.Add(-1)
				ours, theirs := net.Pipe()
				go newEarth(payload{}).serve(theirs)
				return ours, nil
			}})
		var timedOut atomic.Int32
		for range 12 {
			go func() {
				if _, err := client.Do(t.Context(), outbound.Request{URL: "http://busy.example/", Timeout: 3500 * time.Millisecond}); err != nil {
					timedOut.Add(1)
				}
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if most.Load() != 3 || timedOut.Load() != 3 {
			t.Errorf("%d at once, %d of 12 timed out; want 3 and 3", most.Load(), timedOut.Load())
		}
	})
}

func TestHeadersThatAreRefused(t *testing.T) {
	for _, h := range []http.Header{
		{"Host": {"x"}}, {"Connection": {"x"}}, {"Transfer-Encoding": {"chunked"}}, {"Content-Length": {"0"}}, {"Upgrade": {"h2c"}},
		{"X": {"a\r\nY: b"}}, {"X\r\nY": {"a"}}, {"X Y": {"a"}}, {"": {"a"}}, {"X": {"\x00SECRET"}},
	} {
		e := newEarth(payload{})
		_, err := e.client(t, "").Do(t.Context(), outbound.Request{URL: "http://good.example/", Header: h})
		if kindOf(t, err) != outbound.KindRefused || len(e.forbidden()) > 0 || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", h, err)
		}
	}
	for _, host := range []string{"a b", "a\r\nb", "a/b", "u@h", "127.1", "a?b"} {
		_, err := newEarth(payload{}).client(t, "").Do(t.Context(), outbound.Request{URL: "http://good.example/", Host: host})
		if kindOf(t, err) != outbound.KindRefused {
			t.Errorf("Host %q: %v", host, err)
		}
	}
}

func TestLimitIsExact(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 1<<20)
	server, client := serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(body)
		if r.URL.Path == "/more" {
			_, _ = w.Write([]byte("x"))
		}
	})
	if got, err := client.Do(t.Context(), outbound.Request{URL: server.URL}); err != nil || len(got.Body) != 1<<20 {
		t.Errorf("1 MiB: got %d bytes, %v", len(got.Body), err)
	}
	if _, err := client.Do(t.Context(), outbound.Request{URL: server.URL + "/more"}); kindOf(t, err) != outbound.KindTooLarge {
		t.Errorf("1 MiB and a byte: %v", err)
	}
}
