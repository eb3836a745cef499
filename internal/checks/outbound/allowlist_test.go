package outbound_test

import (
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

func TestAllowListIsReadAsWritten(t *testing.T) {
	const text = "10.0.0.0/8:80,443,8000-8999;127.0.0.0/8:20000-29999;[fd12:3456::/32]:443;20.0.0.0/8:22;100.64.0.0/10:80"
	list, err := outbound.ParseAllowList(strings.ReplaceAll(text, ";", " ;\n"))
	if err != nil || list.String() != text {
		t.Fatalf("got %q, %v", list.String(), err)
	}
	var flag outbound.AllowList
	for _, part := range []string{"10.0.0.0/8:80", "", "172.16.0.0/12:443"} {
		if err := flag.Set(part); err != nil {
			t.Fatal(err)
		}
	}
	if flag.String() != "10.0.0.0/8:80;172.16.0.0/12:443" {
		t.Errorf("got %q", flag.String())
	}
}

// TestAllowListErrors holds that a wrong entry is named, with what to write.
func TestAllowListErrors(t *testing.T) {
	for entry, want := range map[string]string{
		"10.0.0.0/8":              "ports are missing",
		"[fd12::/32]":             "ports are missing",
		"fd12::/32:443":           "brackets",
		"[10.0.0.0/8]:80":         "brackets",
		"10.0.0.0:80":             "is no prefix",
		"10.0.0.1/8:80":           "did you mean 10.0.0.0/8",
		"10.0.0.0/8:":             "is no port",
		"10.0.0.0/8:0":            "is no port",
		"10.0.0.0/8:90-80":        "is no port",
		"10.0.0.0/8:70000":        "is no port",
		"10.0.0.0/8:http":         "is no port",
		"10.0.0.0/8:*":            "is no port",
		"0.0.0.0/0:80":            "it also holds the",
		"[::/0]:80":               "it also holds the",
		"100.0.0.0/8:80":          "it also holds the",
		"8.0.0.0/5:80":            "it also holds the private addresses 10.0.0.0/8",
		"169.254.169.254/32:80":   "metadata addresses are never permitted",
		"168.63.129.16/32:80":     "metadata addresses are never permitted",
		"[fd00:ec2::254/128]:80":  "metadata addresses are never permitted",
		"169.254.0.0/16:80":       "link-local addresses are never permitted",
		"224.0.0.0/4:80":          "multicast addresses are never permitted",
		"255.255.255.255/32:80":   "reserved addresses are never permitted",
		"[fe80::/10]:80":          "link-local addresses are never permitted",
		"[::ffff:10.0.0.0/104]:1": "written as IPv4",
		"[64:ff9b::/96]:80":       "never permitted",
	} {
		_, err := outbound.ParseAllowList("192.168.0.0/16:80;" + entry)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"`+entry+`"`) {
			t.Errorf("%s: got %v, want an error with %q", entry, err, want)
		}
	}
}

// TestWhoMayBeCalled is the policy as a table, literal by literal.
func TestWhoMayBeCalled(t *testing.T) {
	const allow = "10.1.0.0/16:80,8000-8001;127.0.0.0/8:20000-20099;100.64.0.0/10:80;[fd12::/32]:443;20.0.0.0/8:22;[::1/128]:9"
	for host, permitted := range map[string]bool{
		"10.1.2.3:80": true, "10.1.2.3:8001": true, "10.1.2.3:8002": false, "10.2.2.3:80": false, "10.1.2.3:443": false,
		"[::ffff:10.1.2.3]:80": true, "[::ffff:10.2.2.3]:80": false, "[64:ff9b::10.1.2.3]:80": false,
		"127.0.0.1:20000": true, "127.9.9.9:20099": true, "127.0.0.1:80": false, "127.0.0.1:20100": false, "[::1]:9": true, "[::1]:80": false,
		"169.254.1.1:80": false, "169.254.169.254:80": false, "100.64.0.1:80": true, "100.100.100.200:80": false,
		"[fd12::1]:443": true, "[fd13::1]:443": false, "20.1.1.1:22": true, "21.1.1.1:22": false, "21.1.1.1:443": true, "21.1.1.1:9090": true,
		"[2606:4700::1]:443": true, "[2606:4700::1]:25": false, "168.63.129.16:80": false, "192.0.0.192:80": false,
	} {
		e := newEarth(payload{})
		_, err := e.client(t, allow).Do(t.Context(), outbound.Request{URL: "http://" + host + "/"})
		if (err == nil) != permitted || (len(e.called) == 1) != permitted {
			t.Errorf("%s: got %v and %d calls, want permitted %v", host, err, len(e.called), permitted)
		}
	}
}
