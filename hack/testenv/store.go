package testenv

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"time"
)

// Store is the server from which instances download their scripts.
type Store struct {
	// URL is that of its root.
	URL string

	server *http.Server
	ended  chan error
}

// OpenStore serves files on loopback.
func OpenStore(files fs.FS) (*Store, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Store{
		URL:    "http://" + l.Addr().String(),
		server: &http.Server{Handler: http.FileServerFS(files), ReadHeaderTimeout: 10 * time.Second},
		ended:  make(chan error, 1),
	}
	go func() { s.ended <- s.server.Serve(l) }()
	return s, nil
}

// Close ends the store and returns when it has ended.
func (s *Store) Close() error {
	err := s.server.Close()
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
