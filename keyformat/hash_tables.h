// HashSet and HashMap: Abseil's flat tables, in a form that an allocation may
// fail in. All tables of the library are these (tools/dev/check_layers).
//
// Why: raw_hash_set writes down its new size before it has the memory for it
// (20220623, resize()), and takes a place before the element stands in it. So a
// table that was to grow, to be copied or to be given a std::string without
// memory for it throws std::bad_alloc, and its destructor then reads and frees
// what it never had. Only a table that is made with its size, and then has room
// for what comes, cannot: here a table grows by another one that is made so,
// and elements are made before they are inserted, which the types are asked.
//
// What throws leaves a table as it was; of a range that is inserted, the
// elements before the one that threw are in it. Otherwise as Abseil's: the same
// complexity; iterators are lost where an insertion makes room, which that of a
// key that is there never does. There are only the members that the library
// needs; erase() is not among them.
#ifndef TEKMATCH_KEYFORMAT_HASH_TABLES_H_
#define TEKMATCH_KEYFORMAT_HASH_TABLES_H_

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace tekmatch {

// What both have.
template <typename Table>
class HashTable : private Table {
 public:
  using typename Table::const_iterator;
  using typename Table::const_reference;
  using typename Table::iterator;
  using typename Table::key_type;
  using typename Table::reference;
  using typename Table::size_type;
  using typename Table::value_type;

  using Table::begin;
  using Table::contains;
  using Table::empty;
  using Table::end;
  using Table::find;
  using Table::size;

  HashTable() = default;
  HashTable(const HashTable& other) : Table(BucketsFor(other.size())) {
    room_ = RoomOf(Table::bucket_count());
    insert(other.begin(), other.end());
  }
  HashTable(HashTable&& other) noexcept
      : Table(std::move(static_cast<Table&>(other))),
        room_(std::exchange(other.room_, 0)) {}
  HashTable& operator=(const HashTable& other) {
    if (this != &other) *this = HashTable(other);
    return *this;
  }
  HashTable& operator=(HashTable&& other) noexcept {
    if (this == &other) return *this;
    Swap(other);
    other.clear();
    return *this;
  }
  ~HashTable() = default;

  // By value, as only moving cannot fail.
  std::pair<iterator, bool> insert(value_type element) {
    static_assert(std::is_nothrow_move_constructible_v<value_type>);
    if (is_full()) {
      const iterator found = find(KeyOf(element));
      if (found != end()) return {found, false};
      MakeRoom();
    }
    return Counted(Table::emplace(std::move(element)));
  }
  template <typename Iterator>
  void insert(Iterator first, Iterator last) {
    for (; first != last; ++first) insert(*first);
  }

  // For so many elements in all.
  void reserve(size_t num) {
    if (num > size() + room_) Grow(num);
  }

  void clear() {
    Table::clear();
    room_ = RoomOf(Table::bucket_count());
  }

  friend bool operator==(const HashTable& a, const HashTable& b) {
    return static_cast<const Table&>(a) == static_cast<const Table&>(b);
  }

 protected:
  bool is_full() const { return room_ == 0; }
  // Moves all elements: references to them are lost, a key to insert, too.
  void MakeRoom() { Grow(2 * size() + 1); }
  std::pair<iterator, bool> Counted(std::pair<iterator, bool> inserted) {
    if (inserted.second) --room_;
    return inserted;
  }
  Table& table() { return *this; }
  const Table& table() const { return *this; }

 private:
  // Abseil fills 7 of 8 buckets, of which there are 2^n - 1. One is left, as
  // it does for some machines where there are 7.
  static size_t RoomOf(size_t num_buckets) {
    return num_buckets - num_buckets / 8 - (num_buckets == 0 ? 0 : 1);
  }
  static size_t BucketsFor(size_t num) {
    return num == 0 ? 0 : std::max<size_t>(7, num + num / 7 + 1);
  }

  static const key_type& KeyOf(const value_type& element) {
    if constexpr (std::is_same_v<key_type, value_type>) {
      return element;
    } else {
      return element.first;
    }
  }

  void Grow(size_t num) {
    // Elements go over one by one, and none may stay behind.
    static_assert(std::is_nothrow_copy_constructible_v<key_type>);
    static_assert(std::is_nothrow_move_constructible_v<value_type>);
    HashTable larger(BucketsFor(num));
    for (auto& element : table()) {
      larger.Counted(larger.Table::emplace(std::move(element)));
    }
    Swap(larger);
  }
  explicit HashTable(size_t num_buckets)
      : Table(num_buckets), room_(RoomOf(Table::bucket_count())) {}

  void Swap(HashTable& other) noexcept {
    Table::swap(other);
    std::swap(room_, other.room_);
  }

  // How many insertions Abseil's table surely has room for.
  size_t room_ = 0;
};

template <typename T>
class HashSet : public HashTable<absl::flat_hash_set<T>> {
 public:
  HashSet() = default;
  HashSet(std::initializer_list<T> elements) {
    this->insert(elements.begin(), elements.end());
  }
  template <typename Iterator>
  HashSet(Iterator first, Iterator last) {
    this->insert(first, last);
  }
};

template <typename K, typename V>
class HashMap : public HashTable<absl::flat_hash_map<K, V>> {
  using Base = HashTable<absl::flat_hash_map<K, V>>;

 public:
  HashMap() = default;
  HashMap(std::initializer_list<typename Base::value_type> elements) {
    this->insert(elements.begin(), elements.end());
  }

  // Where the key is there, the arguments are not moved from. `key` may be a
  // part of the table, the arguments may not.
  template <typename... Args>
  std::pair<typename Base::iterator, bool> try_emplace(const K& key,
                                                       Args&&... args) {
    static_assert(std::is_nothrow_constructible_v<V, Args&&...>,
                  "made where it is inserted; make it before");
    if (!this->is_full()) {
      return this->Counted(
          this->table().try_emplace(key, std::forward<Args>(args)...));
    }
    const auto found = this->find(key);
    if (found != this->end()) return {found, false};
    const K copy = key;
    this->MakeRoom();
    return this->Counted(
        this->table().try_emplace(copy, std::forward<Args>(args)...));
  }
  V& operator[](const K& key) { return try_emplace(key).first->second; }
  // As std::map's: std::out_of_range where there is no such key.
  const V& at(const K& key) const { return this->table().at(key); }
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_HASH_TABLES_H_
