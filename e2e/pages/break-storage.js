// As a browser does that refuses IndexedDB: private mode, blocked cookies, a sandboxed frame.
IDBFactory.prototype.open = () => {
  throw new DOMException('refused by the test', 'SecurityError');
};
